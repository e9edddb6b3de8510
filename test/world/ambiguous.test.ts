import { beforeAll, describe, expect, it } from "vitest";
import type { Fault } from "../support/bindings.ts";
import type { Answer } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { BUCKET_SCENARIOS, OBJECT_SCENARIOS, type Scenario, UPLOAD_SCENARIOS } from "./scenarios.ts";

const server = useServer();

/** Each way in which one call of a request may fail. `lapse`: for so long that the Worker gives up repeating it. */
const FAILURES: [sentence: string, fault: Pick<Fault, "how" | "lapse">][] = [
  ["one call fails before it had any effect", { how: "before" }],
  ["one call's answer is lost", { how: "after" }],
  ["one call fails for good before it had any effect", { how: "before", lapse: 60_000 }],
  ["one call's answer is lost for good", { how: "after", lapse: 60_000 }],
];

/** Does the scenario with the call at this place failing, and expects that nothing can be told from it afterwards. */
async function spoil(scenario: Scenario, at: number, fault: Pick<Fault, "how" | "lapse">): Promise<number> {
  const client = server.client.world(crypto.randomUUID());
  const ground = await scenario.prepare(server);
  const first = await scenario.act(client.failing({ at, ...fault }), ground);
  const { trace } = first.bill;
  const store = trace[at - 1]?.split(".")[0];
  const isPatient = fault.lapse === undefined && store !== "r2";
  const stood = { inTime: isPatient, calls: trace.join(" ") };
  if (first.status < 500 || isPatient) {
    scenario.right(first, ground);
    await scenario.check(server, ground, { ...stood, repeated: false });
    return trace.length;
  }
  expectRetryable(first, store);
  const second = await scenario.act(client, ground);
  if (second.status >= 400) scenario.repeated?.(second, ground);
  if (second.status < 400 || scenario.repeated === undefined) scenario.right(second, ground);
  await scenario.check(server, ground, { ...stood, repeated: true });
  return trace.length;
}

/** Clients repeat a 500 and a 503, and nothing else. */
function expectRetryable(answer: Answer, store: string | undefined): void {
  if (store === "r2") {
    expect([500, 503]).toContain(answer.status);
  } else {
    refused(answer, 503, "SlowDown");
    expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
  }
}

/** How many calls the scenario makes when all is well. */
async function callsOf(scenario: Scenario): Promise<number> {
  const ground = await scenario.prepare(server);
  const plain = await scenario.act(server.client.world(crypto.randomUUID()), ground);
  scenario.right(plain, ground);
  return plain.bill.trace.length;
}

for (const scenario of [...OBJECT_SCENARIOS, ...UPLOAD_SCENARIOS, ...BUCKET_SCENARIOS]) {
  describe(scenario.name, () => {
    let calls = 0;
    beforeAll(async () => {
      calls = await callsOf(scenario);
    });
    for (const [sentence, fault] of FAILURES) {
      it(`does what it should when ${sentence}`, async () => {
        const places = Array.from({ length: calls }, (_, place) => place + 1);
        expect(places).not.toEqual([]);
        const made = await Promise.all(places.map((at) => spoil(scenario, at, fault)));
        for (const [place, calls] of made.entries()) expect(calls).toBeGreaterThan(place);
      });
    }
  });
}

describe("a store that turns requests away", () => {
  it("is not pressed: an overloaded index is asked once, and the answer is 503", async () => {
    const bucket = await server.bucket();
    for (const call of ["read", "put"]) {
      const client = server.client.failing({ store: "index", call, how: "overloaded", times: 9 });
      const answer = await (call === "read" ? client.get(`/${bucket}/k`) : client.put(`/${bucket}/k`));
      refused(answer, 503, "SlowDown");
      expect(answer.bill.index).toBe(1);
    }
    refused(await server.client.get(`/${bucket}/k`), 404, "NoSuchKey");
  });

  it("is asked again until it answers, and the same commit is made once", async () => {
    const bucket = await server.bucket();
    const client = server.client.failing({ store: "index", call: "put", how: "after", times: 4 });
    const answer = answered(await client.put(`/${bucket}/k`, "bytes", { "if-none-match": "*" }), 200);
    expect(answer.bill.trace.filter((call) => call === "index.put")).toHaveLength(5);
  });
});
