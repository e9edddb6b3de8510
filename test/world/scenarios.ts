// What a scenario of a changing operation is, and how one sees that it was done once, wholly.

import { createHash } from "node:crypto";
import { expect } from "vitest";
import { audit, type Holdings } from "../support/audit.ts";
import type { Answer, Client } from "../support/client.ts";
import { answered } from "../support/expect.ts";
import type { TestServer } from "../support/test-server.ts";
import { begin, part } from "../support/uploads.ts";
import type { Seen } from "../support/visible.ts";

/** What a scenario begins with: names of things, by what they are. */
export type Ground = Record<string, string>;

export interface Scenario {
  name: string;
  /** The operation or action, as its table names it. */
  operation: string;
  prepare(server: TestServer): Promise<Ground>;
  act(client: Client, ground: Ground): Promise<Answer>;
  /** Expects the answer that it gives when all is well. */
  right(answer: Answer, ground: Ground): void;
  /** Expects the refusal that a repetition may get because the first time stood. */
  repeated?: (answer: Answer, ground: Ground) => void;
  /** Whether a repetition of what stood makes one more of it. */
  doubles?: boolean;
  /** Whether a part of it may be there without the rest, as S3 has it for several keys at once. */
  piecemeal?: boolean;
  /** What is to be seen, in a form that two runs have in common; of the ground's bucket unless said otherwise. */
  look?: (server: TestServer, ground: Ground) => Promise<Seen>;
  /** Expects what is so afterwards. */
  check?: (server: TestServer, ground: Ground, how: How) => Promise<void>;
}

/** `inTime`: the failure passed while the Worker was repeating; `repeated`: the client had to do so. */
export interface How {
  inTime: boolean;
  repeated: boolean;
  calls: string;
}

export const BYTES = "the bytes of an object";
export const etagOf = (text: string) => `"${createHash("md5").update(text).digest("hex")}"`;

/** Audits the bucket; what nothing knows may lie in R2 only if a failure outlasted the Worker's patience. */
export async function sound(
  server: TestServer,
  { id = "" }: Ground,
  how: How,
  expected: { named: number; litter: number; versioned?: boolean },
): Promise<Holdings> {
  const holdings = await audit(server, id);
  const { named, litter, orphans } = holdings;
  // What nothing knows is young, and named so that the sweep will find it when it is not.
  for (const orphan of orphans) {
    const [, born = ""] = /^[0-9a-f-]{36}\/([0-9a-z]{9})-[0-9a-f-]{36}$/.exec(orphan) ?? [];
    expect([orphan.slice(0, id.length), Number.parseInt(born, 36)]).toEqual([
      id,
      expect.closeTo(Date.now(), -6),
    ]);
  }
  // Whoever repeats a write in a versioned bucket makes another version.
  const versions =
    expected.versioned && how.repeated ? [expected.named, expected.named + 1] : [expected.named];
  expect(versions, how.calls).toContain(named.length);
  if (how.inTime) {
    expect({ litter: litter.length, orphans }).toEqual({ litter: expected.litter, orphans: [] });
  } else {
    // A repetition may replace what the first time made.
    expect(litter.length).toBeGreaterThanOrEqual(expected.litter);
    expect(litter.length + orphans.length).toBeLessThanOrEqual(expected.litter + 1);
  }
  return holdings;
}

export async function ground(
  server: TestServer,
  { versioned = false } = {},
): Promise<Ground & { bucket: string; id: string; path: string }> {
  const bucket = await server.bucket();
  if (versioned) await server.version(bucket);
  return { bucket, id: await server.idOf(bucket), path: `/${bucket}/k` };
}

export async function expectBytes(server: TestServer, path: string, bytes: string): Promise<void> {
  const answer = answered(await server.client.get(path), 200);
  expect([answer.text, answer.headers["content-length"]]).toEqual([bytes, String(bytes.length)]);
}

export async function uploading(server: TestServer, ...parts: string[]) {
  const made = await ground(server);
  const upload = await begin(server.client, made.path);
  for (const [index, body] of parts.entries()) {
    await part(server.client, made.path, upload, index + 1, body);
  }
  return { ...made, upload };
}

export function base64Md5(text: string): string {
  return createHash("md5").update(text).digest("base64");
}
