// `portico account …`: the accounts of a running Portico.

import { type Account, ADMIN_FLAGS, adminClient } from "./admin.ts";
import { type Command, columns, type Flags, parseFlags } from "./flags.ts";

const CREATE_FLAGS = {
  email: { type: "string", value: "ADDRESS", help: "an e-mail address; ACLs may name the account by it" },
  ...ADMIN_FLAGS,
} as const satisfies Flags;

const accountCreate: Command = {
  name: "account create",
  operands: "NAME",
  summary: "Creates an account and prints its canonical id; give it a key with `portico key create`.",
  flags: CREATE_FLAGS,
  async run(args) {
    const { values, operands } = parseFlags(args, CREATE_FLAGS, ["NAME"]);
    const [displayName = ""] = operands;
    const asks = { displayName, ...(values.email !== undefined && { email: values.email }) };
    const account = await adminClient(values, process.env).call("account/create", asks);
    console.log(values.json ? JSON.stringify(account) : accountText(account));
    return 0;
  },
};

const accountList: Command = {
  name: "account list",
  summary: "Lists all accounts.",
  flags: ADMIN_FLAGS,
  async run(args) {
    const { values } = parseFlags(args, ADMIN_FLAGS);
    const answer = await adminClient(values, process.env).call("account/list", {});
    console.log(values.json ? JSON.stringify(answer) : accountsText(answer.accounts));
    return 0;
  },
};

export const ACCOUNT_COMMANDS: readonly Command[] = [accountCreate, accountList];

export function accountText({ id, displayName, email }: Account): string {
  return columns([
    ["account", id],
    ["name", displayName],
    ["e-mail", email || "-"],
  ]);
}

export function accountsText(accounts: readonly Account[]): string {
  const rows = accounts.map((account) => [
    account.id,
    account.displayName,
    account.email || "-",
    moment(account.created),
  ]);
  return columns([["ACCOUNT", "NAME", "E-MAIL", "CREATED"], ...rows]);
}

/** Milliseconds since 1970 as a date and time, to the second; 0 is no time: the root account was never created. */
export function moment(milliseconds: number): string {
  return milliseconds === 0 ? "-" : new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}
