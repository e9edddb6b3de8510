// `portico key …`: the access keys of a running Portico.

import { moment } from "./account-commands.ts";
import { type AccessKey, ADMIN_FLAGS, adminClient, resolveAccount } from "./admin.ts";
import { type Command, columns, type Flags, parseFlags } from "./flags.ts";

const ACCOUNT_FLAGS = {
  account: {
    type: "string",
    value: "ACCOUNT",
    help: "an account's id, name or e-mail address; default the root account",
  },
  ...ADMIN_FLAGS,
} as const satisfies Flags;

const LIST_FLAGS = {
  ...ACCOUNT_FLAGS,
  account: {
    ...ACCOUNT_FLAGS.account,
    help: "only the keys of this account, given by id, name or e-mail address",
  },
} as const satisfies Flags;

const keyCreate: Command = {
  name: "key create",
  summary: "Creates an access key and prints its secret, which is never shown again.",
  flags: ACCOUNT_FLAGS,
  async run(args) {
    const { values } = parseFlags(args, ACCOUNT_FLAGS);
    const client = adminClient(values, process.env);
    const asks =
      values.account === undefined ? {} : { account: await resolveAccount(client, values.account) };
    const key = await client.call("key/create", asks);
    const rows = [
      ["access key", key.accessKeyId],
      ["secret key", key.secretAccessKey],
      ["account", key.account],
    ];
    console.log(values.json ? JSON.stringify(key) : columns(rows));
    return 0;
  },
};

const keyList: Command = {
  name: "key list",
  summary: "Lists access keys, without their secrets.",
  flags: LIST_FLAGS,
  async run(args) {
    const { values } = parseFlags(args, LIST_FLAGS);
    const client = adminClient(values, process.env);
    const asks =
      values.account === undefined ? {} : { account: await resolveAccount(client, values.account) };
    const answer = await client.call("key/list", asks);
    console.log(values.json ? JSON.stringify(answer) : keysText(answer.keys));
    return 0;
  },
};

export const KEY_COMMANDS: readonly Command[] = [
  keyCreate,
  keyList,
  endOfKey("disable", "Disables an access key: requests signed with it are refused."),
  endOfKey("delete", "Deletes an access key for good."),
];

function endOfKey(verb: "disable" | "delete", summary: string): Command {
  return {
    name: `key ${verb}`,
    operands: "ACCESS_KEY_ID",
    summary,
    flags: ADMIN_FLAGS,
    async run(args) {
      const { values, operands } = parseFlags(args, ADMIN_FLAGS, ["ACCESS_KEY_ID"]);
      const [accessKeyId = ""] = operands;
      const answer = await adminClient(values, process.env).call(`key/${verb}`, { accessKeyId });
      console.log(values.json ? JSON.stringify(answer) : `${accessKeyId} ${verb}d`);
      return 0;
    },
  };
}

export function keysText(keys: readonly AccessKey[]): string {
  const rows = keys.map((key) => [
    key.accessKeyId,
    key.account,
    key.disabled ? "disabled" : "active",
    moment(key.created),
  ]);
  return columns([["ACCESS KEY", "ACCOUNT", "STATE", "CREATED"], ...rows]);
}
