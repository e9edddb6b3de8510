import { Agent } from "node:http";
import { afterAll, describe, expect, it, vi } from "vitest";
import { ACTIONS } from "../../src/iam/actions.ts";
import { OPERATIONS } from "../../src/operations.ts";
import type { Fault } from "../support/bindings.ts";
import { drawing } from "../support/drawing.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { BUCKET_SCENARIOS } from "./bucket-scenarios.ts";
import { IAM_SCENARIOS } from "./iam-scenarios.ts";
import { MANY_CALL_SCENARIOS } from "./many-call-scenarios.ts";
import { OBJECT_SCENARIOS } from "./object-scenarios.ts";
import type { Scenario } from "./scenarios.ts";
import { type Course, courseOf, isMadeGood, spoil, waysOf } from "./spoiling.ts";
import { UPLOAD_SCENARIOS } from "./upload-scenarios.ts";

// An object of one byte is kept by its index.
const server = useServer({ vars: { INLINE_BYTES: "1" } });
server.agent = new Agent({ keepAlive: true });
// They share one queue, so each may wait for others.
vi.setConfig({ testTimeout: 300_000 });

const S3_SCENARIOS = [...OBJECT_SCENARIOS, ...MANY_CALL_SCENARIOS, ...UPLOAD_SCENARIOS, ...BUCKET_SCENARIOS];
const SCENARIOS = [...S3_SCENARIOS, ...IAM_SCENARIOS];

const isIam = (scenario: Scenario) => IAM_SCENARIOS.includes(scenario);

/** Requests that are on their way at once. */
const AT_ONCE = 10;

/** Pairs of faults that are drawn, from this seed: the same one draws the same pairs. */
const PAIRS = 100;
const SEED = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);

const courses = new Map<Scenario, Promise<Course>>();
const courseOnce = (scenario: Scenario): Promise<Course> => {
  const course = courses.get(scenario) ?? courseOf(server, scenario);
  courses.set(scenario, course);
  return course;
};

const tally = { scenarios: 0, calls: 0, faults: 0, pairs: 0 };

let free = AT_ONCE;
const waiting: (() => void)[] = [];

/** Does it when there is room, and says which of many it was if it fails. */
async function inTurn<T>(what: string, act: () => Promise<T>): Promise<T> {
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await act();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }
}

describe("every single fault of every call", () => {
  it.concurrent.for(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
    "%s",
    async ([, scenario]) => {
      const course = await inTurn("undisturbed", () => courseOnce(scenario));
      const { trace, streams } = course;
      expect(trace).not.toEqual([]);
      const all = trace.flatMap((call, place) =>
        waysOf(call, streams.includes(place + 1), isIam(scenario)).map((way) => ({
          call,
          at: place + 1,
          way,
        })),
      );
      const made = await Promise.all(
        all.map(({ call, at, way }) =>
          inTurn(`call ${at}, ${call}, ${JSON.stringify(way)}`, () =>
            spoil(server, scenario, course, { faults: [{ at, ...way }], patient: isMadeGood(call, way) }),
          ),
        ),
      );
      for (const [i, calls] of made.entries()) expect(calls.length).toBeGreaterThanOrEqual(all[i]?.at ?? 0);
      tally.scenarios += 1;
      tally.calls += trace.length;
      tally.faults += all.length;
    },
  );
});

describe("two faults of one request", () => {
  it.concurrent(`${PAIRS} pairs, drawn from the seed ${SEED}`, async () => {
    const draw = drawing(SEED);
    const drawn = Array.from({ length: PAIRS }, () => {
      const scenario = SCENARIOS[draw(SCENARIOS.length)] as Scenario;
      return { scenario, numbers: [draw(1000), draw(1000), draw(1000), draw(1000)] as const };
    });
    await Promise.all(
      drawn.map(async ({ scenario, numbers: [a, wayA, b, wayB] }) => {
        const course = await inTurn("undisturbed", () => courseOnce(scenario));
        const fault = (number: number, way: number): Fault => {
          const at = 1 + (number % course.trace.length);
          const ways = waysOf(course.trace[at - 1] ?? "", course.streams.includes(at), isIam(scenario));
          return { at, how: "before", ...ways[way % ways.length] };
        };
        const faults = [fault(a, wayA), fault(b, wayB)];
        await inTurn(`${scenario.name}, ${JSON.stringify(faults)}, seed ${SEED}`, () =>
          spoil(server, scenario, course, { faults, patient: false }),
        );
        tally.pairs += 1;
      }),
    );
    expect(tally.pairs).toBe(PAIRS);
  });
});

describe("the table of faults", () => {
  it("has a scenario for every operation that changes anything", () => {
    const told = new Set(S3_SCENARIOS.map(({ operation }) => operation));
    const changing = OPERATIONS.filter((row) => "respond" in row && !/^(GET|HEAD) /.test(row.route));
    expect([...told].sort()).toEqual(changing.map(({ name }) => name).sort());
  });

  it("has a scenario for every action of IAM that changes anything", () => {
    const changing = [...ACTIONS.values()].filter(
      ({ service, name }) => service === "iam" && !/^(Get|List)/.test(name),
    );
    expect(IAM_SCENARIOS.map(({ operation }) => operation).sort()).toEqual(
      changing.map(({ name }) => name).sort(),
    );
  });
});

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

afterAll(() => {
  server.agent?.destroy();
  const { scenarios, calls, faults, pairs } = tally;
  const verdict = scenarios === SCENARIOS.length && pairs === PAIRS ? "all passed" : "NOT all passed";
  console.log(
    `${scenarios} scenarios, ${calls} calls, ${faults} single faults, ${pairs} pairs of seed ${SEED}: ${verdict}`,
  );
});
