// Does a scenario with one call or two of its request going wrong, and expects that nothing can be told from it after.

import { expect } from "vitest";
import type { Fault } from "../support/bindings.ts";
import { type Answer, Client } from "../support/client.ts";
import type { TestServer } from "../support/test-server.ts";
import { type Seen, visible } from "../support/visible.ts";
import type { Ground, Scenario } from "./scenarios.ts";

/** One way in which a call may go wrong. `lapse`: for so long that the Worker gives up repeating it. */
export type Way = Pick<Fault, "how"> & { lapse?: number };

const FOR_GOOD = 60_000;

const OF_ALL: readonly Way[] = [
  { how: "before" },
  { how: "after" },
  { how: "overloaded" },
  { how: "delay" },
  { how: "kill" },
  { how: "kill after" },
];

/** Those after which an account's directory may look different, as the other ways have been tried on S3's calls of it. */
const OF_IAM: readonly Way[] = [{ how: "after" }, { how: "kill after" }];

/** What can go wrong with a call of this store; R2's are not repeated, so they need not fail for good. */
export function waysOf(call: string, streams: boolean, isIam: boolean): readonly Way[] {
  if (call.startsWith("r2.")) return streams ? [...OF_ALL, { how: "cut" }] : OF_ALL;
  return [
    ...(isIam ? OF_IAM : OF_ALL),
    { how: "before", lapse: FOR_GOOD },
    { how: "after", lapse: FOR_GOOD },
  ];
}

/** What the scenario does when all is well: its calls, and what is to be seen before and after. */
export interface Course {
  trace: string[];
  streams: number[];
  before: Seen;
  done: Seen;
}

const look = (server: TestServer, { look: own }: Scenario, ground: Ground): Promise<Seen> =>
  own === undefined ? visible(server, ground.bucket ?? "", ground.id ?? "") : own(server, ground);

export async function courseOf(server: TestServer, scenario: Scenario): Promise<Course> {
  const ground = await scenario.prepare(server);
  const before = await look(server, scenario, ground);
  const answer = await scenario.act(server.client.world(crypto.randomUUID()), ground);
  scenario.right(answer, ground);
  const done = await look(server, scenario, ground);
  expect(done).not.toEqual(before);
  const { trace, streams } = answer.bill;
  await scenario.check?.(server, ground, { inTime: true, repeated: false, calls: trace.join(" ") });
  return { trace, streams, before, done };
}

/**
 * Does it with these faults, and again if that failed: then it has to succeed. Gives the calls that were made. `patient`:
 * whether the Worker has to succeed the first time, by repeating calls.
 */
export async function spoil(
  server: TestServer,
  scenario: Scenario,
  course: Course,
  { faults, patient }: { faults: readonly Fault[]; patient: boolean },
): Promise<string[]> {
  const client = server.client.world(crypto.randomUUID());
  const ground = await scenario.prepare(server);
  const first = await scenario.act(alone(client).failing(...faults), ground);
  const { trace } = first.bill;
  const how = { inTime: patient, repeated: false, calls: trace.join(" ") };
  const isDead = first.headers["x-test-killed"] !== undefined;
  const isToRepeat = isDead || first.status >= 500 || first.text.includes("<Code>RequestTimeout</Code>");
  if (!isToRepeat || patient) {
    scenario.right(first, ground);
  } else {
    if (!isDead) expectRetryable(first);
    if (!scenario.piecemeal) expectWhole(await look(server, scenario, ground), course);
    how.repeated = true;
    // The dead isolate's memory died with it; another one answers.
    const second = await scenario.act(isDead ? client.world(crypto.randomUUID()) : client, ground);
    if (second.status >= 400) scenario.repeated?.(second, ground);
    if (second.status < 400 || scenario.repeated === undefined) scenario.right(second, ground);
  }
  const seen = await look(server, scenario, ground);
  if (!how.repeated || scenario.doubles !== true) {
    expect(how.inTime ? [course.done] : [course.done, unclearedOf(course)]).toContainEqual(seen);
  }
  await scenario.check?.(server, ground, how);
  return trace;
}

/** On a connection of its own: it may break. */
function alone({ settings: { agent, ...settings } }: Client): Client {
  return new Client(settings);
}

/** Clients repeat a 500, a 503 and S3's RequestTimeout, and nothing else; a 503 says when. */
function expectRetryable({ status, text, headers }: Answer): void {
  const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1];
  const known = [
    "400 RequestTimeout",
    "500 InternalError",
    "500 InternalFailure",
    "503 SlowDown",
    "503 ServiceUnavailable",
  ];
  expect(known).toContain(`${status} ${code}`);
  if (status === 503) expect(headers["retry-after"]).toMatch(/^\d+$/);
}

/** An upload that has ended, whose rows are not cleared yet. */
function unclearedOf({ before, done }: Course): Seen {
  return { objects: done.objects, rest: before.rest };
}

/** All of it, or nothing. */
function expectWhole(seen: Seen, course: Course): void {
  expect([course.before, course.done, unclearedOf(course)]).toContainEqual(seen);
}

/** Whether a call that went wrong so is made good within the request. */
export function isMadeGood(call: string, { how, lapse }: Way): boolean {
  if (how === "delay") return true;
  if (lapse !== undefined || call.startsWith("r2.")) return false;
  // An overloaded index is not asked again; D1 is, as are both when they do not answer.
  return how === "before" || how === "after" || (how === "overloaded" && call.startsWith("d1."));
}
