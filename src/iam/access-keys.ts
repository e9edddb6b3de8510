// Access keys of users, and of whoever asks. A secret is shown once, by the answer that made it.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html and its neighbours

import { Buffer } from "node:buffer";
import { sealSecret, secretsKey } from "../auth/seal-secret.ts";
import {
  createUserKey,
  deleteUserKey,
  type KeyOwner,
  keyUse,
  switchUserKey,
  userKeys,
} from "../directory/access-keys.ts";
import { insertAccount } from "../directory/accounts.ts";
import type { World } from "../world.ts";
import { action, type Context, page, pageOf, type Subject, userOrCaller } from "./action.ts";
import { time } from "./document.ts";
import { limitExceeded, QueryFault } from "./fault.ts";
import { freshId } from "./make.ts";
import { accessKeyId, name, oneOf, paging } from "./parameters.ts";
import { QUOTAS } from "./quotas.ts";

/** Random bytes of a secret; it has 40 characters, as AWS's. */
const SECRET_BYTES = 30;

/** Whose keys: a user's, or, of a root that names nobody, its own. */
interface Holder {
  owner: KeyOwner;
  userName: string | undefined;
}

async function holder(context: Context, userName: string | undefined): Promise<Subject<Holder>> {
  const { caller } = context;
  const account = caller.account.id;
  if (userName === undefined && caller.kind === "root") {
    return { arn: caller.arn, subject: { owner: { account, user: null }, userName: undefined } };
  }
  const { arn, subject: user, missing } = await userOrCaller(context, userName);
  if (missing !== undefined) return { arn, subject: undefined as never, missing };
  return { arn, subject: { owner: { account, user: user.id }, userName: user.name } };
}

function noSuchKey(id: string): QueryFault {
  return new QueryFault("NoSuchEntity", `The Access Key with id ${id} cannot be found.`);
}

/** A key's secret, 40 characters. */
export function freshSecret(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(SECRET_BYTES))).toString("base64");
}

async function sealed(world: World, id: string, secret: string): Promise<string> {
  world.memory.secretsKey ??= secretsKey(world.config.masterSecret);
  return sealSecret(await world.memory.secretsKey, id, secret);
}

const statusOf = (disabled: boolean) => (disabled ? "Inactive" : "Active");

export const createAccessKey = action({
  name: "CreateAccessKey",
  input: { UserName: name.may },
  on: (context, { UserName }) => holder(context, UserName),
  async handle({ world, caller, subject }) {
    const [id, secret, created] = [freshId("AKIA", 16), freshSecret(), world.now()];
    const key = { accessKeyId: id, sealed: await sealed(world, id, secret), created };
    // The deployment's own account gets its row when its first key needs one.
    const first = [insertAccount({ ...caller.account, email: "", created })];
    const most = QUOTAS.AccessKeysPerUser;
    if (!(await createUserKey(world.database, subject.owner, key, most, first))) {
      throw limitExceeded("AccessKeysPerUser", most);
    }
    return {
      AccessKey: {
        UserName: subject.userName ?? caller.account.displayName,
        AccessKeyId: id,
        Status: "Active",
        SecretAccessKey: secret,
        CreateDate: time(created),
      },
    };
  },
});

export const listAccessKeys = action({
  name: "ListAccessKeys",
  input: { UserName: name.may, ...paging },
  on: (context, { UserName }) => holder(context, UserName),
  async handle({ world, caller, subject }, asked) {
    const { after, limit, size } = pageOf(asked);
    const found = await userKeys(world.database, subject.owner, { after, limit });
    const { items, rest } = page(found, size, (key) => key.accessKeyId);
    const AccessKeyMetadata = items.map((key) => ({
      UserName: subject.userName ?? caller.account.displayName,
      AccessKeyId: key.accessKeyId,
      Status: statusOf(key.disabled),
      CreateDate: time(key.created),
    }));
    return { AccessKeyMetadata, ...rest };
  },
});

export const updateAccessKey = action({
  name: "UpdateAccessKey",
  input: { UserName: name.may, AccessKeyId: accessKeyId.need, Status: oneOf("Active", "Inactive").need },
  on: (context, { UserName }) => holder(context, UserName),
  async handle({ world, subject }, { AccessKeyId, Status }) {
    const disabled = Status === "Inactive";
    if (!(await switchUserKey(world.database, subject.owner, AccessKeyId, disabled)))
      throw noSuchKey(AccessKeyId);
    return undefined;
  },
});

export const deleteAccessKey = action({
  name: "DeleteAccessKey",
  input: { UserName: name.may, AccessKeyId: accessKeyId.need },
  on: (context, { UserName }) => holder(context, UserName),
  async handle({ world, subject }, { AccessKeyId }) {
    if (!(await deleteUserKey(world.database, subject.owner, AccessKeyId))) throw noSuchKey(AccessKeyId);
    return undefined;
  },
});

export const getAccessKeyLastUsed = action({
  name: "GetAccessKeyLastUsed",
  input: { AccessKeyId: accessKeyId.need },
  async on({ world, caller }, { AccessKeyId }) {
    const key = await keyUse(world.database, caller.account.id, AccessKeyId);
    const missing = new QueryFault("AccessDenied", `Access to the access key ${AccessKeyId} is denied.`);
    const arn = `arn:aws:iam::${caller.account.number}:user/${key?.userName ?? "*"}`;
    return { arn, subject: key, ...(key === undefined && { missing }) };
  },
  handle({ caller, subject: key }) {
    const used = key?.lastUsed ?? null;
    return {
      UserName: key?.userName ?? caller.account.displayName,
      AccessKeyLastUsed: {
        LastUsedDate: used === null ? undefined : time(used),
        ServiceName: key?.lastService ?? "N/A",
        Region: key?.lastRegion ?? "N/A",
      },
    };
  },
});
