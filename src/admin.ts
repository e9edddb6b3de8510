// The admin route: accounts and access keys, for whoever signs with the root key; the same here and in a deployment.

import { Buffer } from "node:buffer";
import { authenticate } from "./auth/authenticate.ts";
import { sealSecret, secretsKey } from "./auth/seal-secret.ts";
import { Payload } from "./body/payload.ts";
import {
  type Account,
  accountById,
  accounts,
  deleteKey,
  disableKey,
  keys,
  putAccount,
  putKey,
} from "./directory/accounts.ts";
import { bucketNamed } from "./directory/buckets.ts";
import { type RememberedBucket, Unavailable } from "./facts/outage.ts";
import { type Asked, everyBucket, isCursor } from "./jobs/every-bucket.ts";
import { beginRebuild, goOnRebuilding } from "./jobs/rebuild.ts";
import { findStrangers } from "./jobs/strangers.ts";
import { readAddress } from "./wire/address.ts";
import { S3Error } from "./wire/error.ts";
import type { World } from "./world.ts";

/** Largest command, in bytes: a cursor may name a key, of whose 1,024 bytes each takes up to 16 when it is nested in JSON. */
const MAX_COMMAND_BYTES = 64 * 1024;

/** Longest name or email, in characters. */
const MAX_TEXT = 256;

/** Longest cursor of R2's, in characters. */
const MAX_R2_CURSOR = 8 * 1024;

/** A command that cannot be carried out, in one sentence for whoever typed it. */
class Refused extends Error {}

type Json = Record<string, unknown>;
type Command = (world: World, input: Json) => Promise<Json>;

const CANONICAL_ID = /^[0-9a-f]{64}$/;
const ACCESS_KEY_ID = /^[\w.-]{3,128}$/;

/** Commands by path: `account/create` and so on. Field shapes stand with each. */
const COMMANDS: Record<string, Command> = {
  /** { displayName, email? } → the account. */
  "account/create": async (world, input) => {
    const account: Account = {
      id: randomHex(32),
      displayName: requireText(input, "displayName"),
      email: optionalText(input, "email") ?? "",
      created: world.now(),
    };
    await putAccount(world.database, account);
    return account;
  },
  /** {} → { accounts }, the root account first. */
  "account/list": async (world) => {
    const { account } = world.config.root;
    const rest = await accounts(world.database);
    return {
      accounts: [{ ...account, email: "", created: 0 }, ...rest.filter(({ id }) => id !== account.id)],
    };
  },
  /** { id, displayName, email, accessKeyId, secretAccessKey } → {}: makes it so, whatever was there. */
  "account/put": async (world, input) => {
    const id = requireText(input, "id", CANONICAL_ID);
    const displayName = requireText(input, "displayName");
    const email = optionalText(input, "email") ?? "";
    await putAccount(world.database, { id, displayName, email, created: world.now() });
    const secret = requireText(input, "secretAccessKey");
    await keepKey(world, id, requireText(input, "accessKeyId", ACCESS_KEY_ID), secret);
    return {};
  },
  /** { account? } → { accessKeyId, secretAccessKey, account }; the secret is shown this once. */
  "key/create": async (world, input) => {
    const account = optionalText(input, "account") ?? world.config.root.account.id;
    const accessKeyId = `PK${randomHex(9).toUpperCase()}`;
    const secretAccessKey = Buffer.from(crypto.getRandomValues(new Uint8Array(30))).toString("base64url");
    await keepKey(world, account, accessKeyId, secretAccessKey);
    return { accessKeyId, secretAccessKey, account };
  },
  /** { account? } → { keys }. */
  "key/list": async (world, input) => ({ keys: await keys(world.database, optionalText(input, "account")) }),
  /** { accessKeyId } → {}; from then on refused, everywhere within the time that keys are remembered. */
  "key/disable": async (world, input) => changeKey(world, input, disableKey),
  /** { accessKeyId } → {}. */
  "key/delete": async (world, input) => changeKey(world, input, deleteKey),
  /** { dry, bucket?, cursor? } → { told, cursor? }: some steps of the sweep; called again with the cursor, if there is one. */
  "sweep/step": async (world, input) => {
    const dry = input.dry === true;
    const step = (bucket: RememberedBucket, cursor: string | undefined) =>
      world.index(bucket).sweep({ bucket: bucket.id, dry, cursor });
    return { ...(await everyBucket(world, await bucketsAsked(world, input), step)) };
  },
  /** { force, bucket?, cursor? } → { told, cursor? }: some steps of making lost indexes anew; called again with the cursor. */
  "rebuild/step": async (world, input) => {
    const asked = await bucketsAsked(world, input);
    const force = input.force === true;
    if (force && asked.bucket === undefined) throw new Refused("What is forced has to be named.");
    const step = async (bucket: RememberedBucket, inside: string | undefined) => {
      const began = inside !== undefined;
      const answer = began ? await goOnRebuilding(world, bucket) : await beginRebuild(world, bucket, force);
      if ("refused" in answer) return answer;
      const { stage, objects, versions, restored, partly, missing, plan } = answer;
      const told = { stage, objects, versions, restored, partly, missing, complete: plan.complete };
      return stage === "done" ? told : { ...told, cursor: stage };
    };
    return { ...(await everyBucket(world, asked, step)) };
  },
  /** { deep, repair, bucket?, cursor? } → { told, cursor? }: some steps of fsck, as of the sweep. */
  "fsck/step": async (world, input) => {
    const [deep, repair] = [input.deep === true, input.repair === true];
    const step = (bucket: RememberedBucket, cursor: string | undefined) =>
      world.index(bucket).fsck({ bucket, deep, repair, cursor });
    return { ...(await everyBucket(world, await bucketsAsked(world, input), step)) };
  },
  /** { cursor? } → { faults, cursor? }: blobs of buckets that the directory does not know. */
  "fsck/strangers": async (world, input) => ({
    ...(await findStrangers(world, optionalText(input, "cursor", MAX_R2_CURSOR))),
  }),
};

/** Serves `POST /_portico/admin/<noun>/<verb>`, JSON in and out. Errors are `{ "error": sentence }`. */
export async function serveAdmin(world: World, request: Request, command: string): Promise<Response> {
  try {
    const { caller, seal } = await authenticate(
      world,
      readAddress(request, { domains: [], plainKeys: false }),
    );
    if (caller.accessKeyId !== world.config.root.accessKeyId) throw new S3Error("AccessDenied");
    if (seal.kind !== "hash")
      throw new S3Error("AccessDenied", { message: "The command's hash must be signed." });
    const bytes = await new Payload(request.headers, request.body, seal).bytes(MAX_COMMAND_BYTES);
    const act = COMMANDS[command];
    if (act === undefined) throw new Refused(`There is no command ${command}.`);
    return Response.json(await act(world, readJson(bytes)));
  } catch (error) {
    if (error instanceof S3Error)
      return Response.json({ error: error.message, code: error.code }, { status: error.status });
    if (error instanceof Refused) return Response.json({ error: error.message }, { status: 400 });
    world.log({ event: "error", command, error: String(error) });
    if (error instanceof Unavailable) {
      const headers = { "retry-after": "1" };
      return Response.json({ error: "A store does not answer; try again." }, { status: 503, headers });
    }
    return Response.json({ error: "An internal error; see the server's log." }, { status: 500 });
  }
}

/** Which bucket, and where to go on. Throws Refused if there is none of that name. */
async function bucketsAsked(world: World, input: Json): Promise<Asked> {
  const bucket = optionalText(input, "bucket");
  const { cursor } = input;
  if (cursor !== undefined && (typeof cursor !== "string" || !isCursor(cursor))) {
    throw new Refused("cursor is none that was given.");
  }
  if (bucket !== undefined && (await bucketNamed(world.database, bucket)) === undefined) {
    throw new Refused("There is no such bucket.");
  }
  return { bucket, cursor };
}

function readJson(bytes: Uint8Array): Json {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // Said below, for both kinds of wrong.
  }
  throw new Refused("The command is not a JSON object.");
}

function optionalText(input: Json, name: string, most = MAX_TEXT): string | undefined {
  const value = input[name];
  if (value === undefined || value === "") return undefined;
  if (typeof value !== "string" || value.length > most) {
    throw new Refused(`${name} must be a text of at most ${most} characters.`);
  }
  return value;
}

function requireText(input: Json, name: string, pattern = /./): string {
  const value = optionalText(input, name);
  if (value === undefined || !pattern.test(value)) throw new Refused(`${name} is missing or malformed.`);
  return value;
}

function randomHex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
}

async function keepKey(world: World, account: string, accessKeyId: string, secret: string): Promise<void> {
  const { root, masterSecret } = world.config;
  if (accessKeyId === root.accessKeyId)
    throw new Refused("The root key comes from the deployment's secrets.");
  if ((await accountById(world.database, account)) === undefined) {
    // The root account gets its row when its first further key needs one.
    if (account !== root.account.id) throw new Refused("There is no such account.");
    await putAccount(world.database, { ...root.account, email: "", created: world.now() });
  }
  const sealed = await sealSecret(await secretsKey(masterSecret), accessKeyId, secret);
  await putKey(world.database, { accessKeyId, account, sealed, created: world.now() });
  world.memory.keys.forget(accessKeyId);
}

async function changeKey(
  world: World,
  input: Json,
  change: (database: World["database"], accessKeyId: string) => Promise<boolean>,
): Promise<Json> {
  const accessKeyId = requireText(input, "accessKeyId");
  if (!(await change(world.database, accessKeyId))) throw new Refused("There is no such access key.");
  world.memory.keys.forget(accessKeyId);
  return {};
}
