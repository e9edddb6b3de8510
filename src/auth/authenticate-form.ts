// Who sends a browser's form, and what its policy lets it hold.

import { Buffer } from "node:buffer";
import { S3Error } from "../wire/error.ts";
import type { FormFields } from "../wire/form.ts";
import type { World } from "../world.ts";
import { checkScope, NOBODY, rememberedSigningKey, unsupportedVersion } from "./authenticate.ts";
import type { Asker } from "./authorize.ts";
import { credentialsOf } from "./credentials.ts";
import { checkForm, type FormCredentials, readCredentials, readFormPolicy, shownPolicy } from "./form.ts";
import { signV2 } from "./sigv2.ts";
import { sameSignature, sign } from "./sigv4.ts";

export interface AuthenticatedForm extends Asker {
  /** How many bytes the file may have. */
  range: { least: number; most: number };
}

/** Verifies a form's signature, then holds the form against the policy that was signed. Without a policy it is anonymous. */
export async function authenticateForm(
  world: World,
  bucket: string,
  fields: FormFields,
): Promise<AuthenticatedForm> {
  const credentials = readCredentials(fields);
  if (credentials === undefined) return { ...NOBODY, range: { least: 0, most: Number.POSITIVE_INFINITY } };
  const { accessKeyId, policy, signature } = credentials;
  if (credentials.version === 2 && !world.config.signatureV2) throw unsupportedVersion();
  if (credentials.version === 4) checkScope(world, { place: "query", ...credentials });
  const { secret, asker } = await credentialsOf(world, accessKeyId, fields.get("x-amz-security-token"));
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
  const version = credentials.version === 2 ? "v2" : "v4";
  const use = { service: "s3", region: world.config.region };
  return { ...(await asker(use)), signed: { place: "form", version }, range };
}

function signatureOf(world: World, credentials: FormCredentials, secret: string): string {
  const { policy } = credentials;
  if (credentials.version === 2) return signV2(secret, policy);
  return sign(rememberedSigningKey(world, secret, credentials), policy);
}
