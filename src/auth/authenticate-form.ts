// Who sends a browser's form, and what its policy lets it hold.

import { Buffer } from "node:buffer";
import { S3Error } from "../wire/error.ts";
import type { FormFields } from "../wire/form.ts";
import type { World } from "../world.ts";
import { type Caller, checkScope, keyOf, rememberedSigningKey, unsupportedVersion } from "./authenticate.ts";
import { checkForm, type FormCredentials, readCredentials, readFormPolicy, shownPolicy } from "./form.ts";
import { signLink } from "./sigv2.ts";
import { sameSignature, sign } from "./sigv4.ts";

export interface AuthenticatedForm {
  caller: Caller;
  /** How many bytes the file may have. */
  range: { least: number; most: number };
}

/** Verifies a form's signature, then holds the form against the policy that was signed. Anonymous is AccessDenied. */
export async function authenticateForm(
  world: World,
  bucket: string,
  fields: FormFields,
): Promise<AuthenticatedForm> {
  const credentials = readCredentials(fields);
  if (credentials === undefined) throw new S3Error("AccessDenied");
  const { accessKeyId, policy, signature } = credentials;
  if (fields.has("x-amz-security-token")) {
    throw new S3Error("InvalidToken", {
      message: "Temporary credentials are not supported by this endpoint yet.",
    });
  }
  if (credentials.version === 2 && !world.config.presignV2) throw unsupportedVersion();
  if (credentials.version === 4) checkScope(world, { place: "query", ...credentials });
  const { secret, account } = await keyOf(world, accessKeyId);
  if (!sameSignature(signatureOf(world, credentials, secret), signature)) {
    const signed = shownPolicy(policy);
    throw new S3Error("SignatureDoesNotMatch", {
      elements: {
        AWSAccessKeyId: accessKeyId,
        StringToSign: signed,
        SignatureProvided: signature,
        StringToSignBytes: Buffer.from(policy)
          .toString("hex")
          .replace(/..(?=.)/g, "$& "),
      },
    });
  }
  const range = checkForm(readFormPolicy(policy), fields, bucket, world.now());
  return { caller: { account, accessKeyId }, range };
}

function signatureOf(world: World, credentials: FormCredentials, secret: string): string {
  const { policy } = credentials;
  if (credentials.version === 2) return signLink(secret, policy);
  return sign(rememberedSigningKey(world, secret, credentials), policy);
}
