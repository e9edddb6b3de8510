// How the command line talks to a running Portico: signed JSON calls under /_portico/admin.

import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { Failure, reason } from "./failure.ts";
import type { Flags } from "./flags.ts";
import { type Environment, KEY_FLAGS, type RootKey, rootKey } from "./root-key.ts";

/** How long a call may take: one step of fsck reads at least one blob, whatever its size. */
const CALL_TIMEOUT_MS = 30_000;
const STEP_TIMEOUT_MS = 10 * 60_000;

export const ADMIN_FLAGS = {
  endpoint: {
    type: "string",
    value: "URL",
    help: "where Portico is (or PORTICO_ENDPOINT; default http://127.0.0.1:9000)",
  },
  ...KEY_FLAGS,
  json: { type: "boolean", help: "print the answer as JSON" },
} as const satisfies Flags;

export interface Account {
  id: string;
  displayName: string;
  /** Empty: none. */
  email: string;
  /** Milliseconds since 1970. */
  created: number;
}

export interface AccessKey {
  accessKeyId: string;
  /** The id of the account it belongs to. */
  account: string;
  disabled: boolean;
  /** Milliseconds since 1970. */
  created: number;
}

/** Faults of one kind: how many, how many of them were mended, and the first of them. */
export interface Fault {
  kind: string;
  count: number;
  mended: number;
  first: string[];
}

/** What a step of fsck found in a bucket, and what it looked at: bytes were read of `bytes`. */
export interface CheckedBucket {
  bucket: string;
  faults?: Fault[];
  versions?: number;
  blobs?: number;
  bytes?: number;
  encrypted?: number;
  unchecked?: string[];
  failed?: true;
}

/** How many of something there were, what they take in bytes, and the first of them. */
export interface Found {
  count: number;
  bytes?: number;
  first: string[];
}

/** What a step of the sweep came upon in a bucket, or why it passed it over. */
export interface SweptBucket {
  bucket: string;
  removed?: Found;
  orphans?: Found;
  uploads?: Found;
  skipped?: "lost" | "closed" | "rebuilt";
  failed?: true;
}

/** How far the rebuild of a bucket's index came, or why there is none; `stage` is "done" in the end. */
export interface RebuiltBucket {
  bucket: string;
  stage?: string;
  /** Versions there are, and those among them made by blobs' metadata, some of which lack what it had no room for. */
  objects?: number;
  versions?: number;
  restored?: number;
  partly?: number;
  /** Objects that the journal lacks, and whether it begins with a checkpoint. */
  missing?: number;
  complete?: boolean;
  /** Why not, in a sentence; `inPlace`: because there is no need. */
  refused?: string;
  inPlace?: true;
  failed?: true;
}

/** What each call asks and answers; the Worker's admin route is the other side of this table. */
export interface AdminCalls {
  "account/create": { asks: { displayName: string; email?: string }; answers: Account };
  "account/list": { asks: Record<string, never>; answers: { accounts: Account[] } };
  "account/put": {
    asks: { id: string; displayName: string; email: string; accessKeyId: string; secretAccessKey: string };
    answers: Record<string, never>;
  };
  "key/create": {
    asks: { account?: string };
    answers: { accessKeyId: string; secretAccessKey: string; account: string };
  };
  "key/list": { asks: { account?: string }; answers: { keys: AccessKey[] } };
  "key/disable": { asks: { accessKeyId: string }; answers: Record<string, never> };
  "key/delete": { asks: { accessKeyId: string }; answers: Record<string, never> };
  "fsck/step": {
    asks: { deep: boolean; repair: boolean; bucket?: string; cursor?: string };
    answers: { told: CheckedBucket[]; cursor?: string };
  };
  "fsck/strangers": { asks: { cursor?: string }; answers: { faults: Fault[]; cursor?: string } };
  "sweep/step": {
    asks: { dry: boolean; bucket?: string; cursor?: string };
    answers: { told: SweptBucket[]; cursor?: string };
  };
  "rebuild/step": {
    asks: { force: boolean; bucket?: string; cursor?: string };
    answers: { told: RebuiltBucket[]; cursor?: string };
  };
}

export class AdminClient {
  readonly #endpoint: string;
  readonly #signer: AwsClient;

  constructor(endpoint: string, key: RootKey) {
    this.#endpoint = endpoint.replace(/\/+$/, "");
    this.#signer = new AwsClient({ ...key, service: "s3", region: "auto" });
  }

  /** One call, never repeated; throws a `Failure` with the server's own sentence, or with why there is none. */
  async call<C extends keyof AdminCalls>(
    call: C,
    asks: AdminCalls[C]["asks"],
  ): Promise<AdminCalls[C]["answers"]> {
    const body = JSON.stringify(asks);
    const request = await this.#signer.sign(`${this.#endpoint}/_portico/admin/${call}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        // aws4fetch would leave an S3 body unsigned.
        "x-amz-content-sha256": createHash("sha256").update(body).digest("hex"),
      },
      body,
    });
    let status: number;
    let text: string;
    try {
      const response = await fetch(request, {
        signal: AbortSignal.timeout(call.startsWith("fsck/") ? STEP_TIMEOUT_MS : CALL_TIMEOUT_MS),
        redirect: "manual",
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      throw new Failure(`cannot reach ${this.#endpoint}: ${networkReason(error)}`);
    }
    const answer = parseObject(text);
    if (status !== 200 || answer === undefined) {
      throw new Failure(
        refusal(answer) ?? `${this.#endpoint} does not answer as Portico does (status ${status})`,
      );
    }
    return answer as AdminCalls[C]["answers"];
  }
}

/** The client that the flags and the environment ask for. */
export function adminClient(
  values: {
    endpoint?: string | undefined;
    "access-key"?: string | undefined;
    "secret-key"?: string | undefined;
  },
  env: Environment,
): AdminClient {
  const endpoint = values.endpoint ?? (env.PORTICO_ENDPOINT || "http://127.0.0.1:9000");
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw new Failure(`the endpoint must be an http or https URL, not ${JSON.stringify(endpoint)}`);
  }
  return new AdminClient(`${url.origin}${url.pathname}`, rootKey(values, env, url.hostname));
}

/** The account's id for an id, a display name or an e-mail address. */
export async function resolveAccount(client: AdminClient, wanted: string): Promise<string> {
  const { accounts } = await client.call("account/list", {});
  const found = accounts.filter(
    ({ id, displayName, email }) => id === wanted || displayName === wanted || email === wanted,
  );
  const [account, another] = found;
  if (account === undefined) throw new Failure(`there is no account ${JSON.stringify(wanted)}`);
  if (another !== undefined)
    throw new Failure(`several accounts are called ${JSON.stringify(wanted)}: give the id`);
  return account.id;
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function refusal(answer: object | undefined): string | undefined {
  return answer && "error" in answer && typeof answer.error === "string" ? answer.error : undefined;
}

/** fetch hides the system's error behind "fetch failed". */
function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return reason(error);
  if (error.name === "TimeoutError") return `no answer within ${CALL_TIMEOUT_MS / 1000} seconds`;
  return reason(error.cause instanceof Error ? error.cause : error);
}
