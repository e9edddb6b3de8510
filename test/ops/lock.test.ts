import { describe, expect, it } from "vitest";
import { md5 } from "../support/checksums.ts";
import type { Answer } from "../support/client.ts";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { complete, part } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

/** A time some years from now. */
const inYears = (years: number) => `${new Date().getUTCFullYear() + years}-06-01T12:00:00.000Z`;

async function lockedBucket(): Promise<string> {
  const bucket = `locked-${crypto.randomUUID()}`;
  const header = { "x-amz-bucket-object-lock-enabled": "true" };
  answered(await server.client.put(`/${bucket}`, "", header), 200);
  return bucket;
}

/** Sends a document with its MD5. */
function send(path: string, document: string, headers: Record<string, string> = {}): Promise<Answer> {
  return server.client.put(path, document, { "content-md5": md5(document, "base64"), ...headers });
}

const versioning = (bucket: string, status: string) =>
  server.client.put(
    `/${bucket}?versioning`,
    `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`,
  );

const configured = (rule: string, enabled = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>") =>
  `<ObjectLockConfiguration>${enabled}${rule}</ObjectLockConfiguration>`;
const defaultOf = (inside: string) => `<Rule><DefaultRetention>${inside}</DefaultRetention></Rule>`;
const configure = (bucket: string, rule: string) => send(`/${bucket}?object-lock`, configured(rule));

const retention = (mode: string, until: string) =>
  `<Retention><Mode>${mode}</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`;
const hold = (status: string) => `<LegalHold><Status>${status}</Status></LegalHold>`;

const HELD = { "x-amz-object-lock-legal-hold": "ON" };
const BYPASS = { "x-amz-bypass-governance-retention": "true" };

const lockHeaders = (mode: string, until: string) => ({
  "x-amz-object-lock-mode": mode,
  "x-amz-object-lock-retain-until-date": until,
});

/** A locked bucket with one version in it. */
async function version(headers: Record<string, string> = {}) {
  const bucket = await lockedBucket();
  const path = `/${bucket}/k`;
  const id = String(answered(await send(path, "kept", headers), 200).headers["x-amz-version-id"]);
  return { bucket, path, id, exact: `${path}?versionId=${id}` };
}

/** What HEAD says of a version's lock. */
async function lockOf(path: string) {
  const { headers } = await server.client.head(path);
  const until = headers["x-amz-object-lock-retain-until-date"];
  return {
    mode: headers["x-amz-object-lock-mode"],
    until: until === undefined ? undefined : Date.parse(String(until)),
    hold: headers["x-amz-object-lock-legal-hold"],
  };
}

/** Lets the retention of every version in a bucket run out. */
async function letTimePass(bucket: string): Promise<void> {
  const index = await server.idOf(bucket);
  for (const table of ["current", "older"]) {
    const text = `update ${table} set lock = json_set(lock, '$.retention.until', ${Date.now() - 1}) where lock is not null`;
    await server.order({ do: "sql", index, text });
  }
}

describe("a bucket's lock", () => {
  it("comes with versions, which then stay enabled", async () => {
    const bucket = await lockedBucket();
    const status = async () => xml((await server.client.get(`/${bucket}?versioning`)).text).get("Status");
    expect(await status()).toBe("Enabled");
    const shown = xml((await server.client.get(`/${bucket}?object-lock`)).text);
    expect([shown.get("ObjectLockEnabled"), shown.all("Rule")]).toEqual(["Enabled", []]);
    refused(await versioning(bucket, "Suspended"), 409, "InvalidBucketState");
    expect(await status()).toBe("Enabled");
  });

  it("can be had later, but only while versions are enabled", async () => {
    const bucket = await server.bucket();
    const get = () => server.client.get(`/${bucket}?object-lock`);
    refused(await get(), 404, "ObjectLockConfigurationNotFoundError");
    refused(await configure(bucket, ""), 409, "InvalidBucketState");
    answered(await versioning(bucket, "Suspended"), 200);
    refused(await configure(bucket, ""), 409, "InvalidBucketState");
    refused(await get(), 404, "ObjectLockConfigurationNotFoundError");
    answered(await versioning(bucket, "Enabled"), 200);
    answered(await configure(bucket, ""), 200);
    answered(await get(), 200);
  });

  const rule = (inside: string) => configured(defaultOf(inside));
  const DAY = "<Mode>GOVERNANCE</Mode><Days>1</Days>";
  it.each([
    ["is disabled", configured("", "<ObjectLockEnabled>Disabled</ObjectLockEnabled>"), "MalformedXML"],
    ["does not say that it is enabled", configured(defaultOf(DAY), ""), "MalformedXML"],
    ["has a rule of nothing", configured("<Rule></Rule>"), "MalformedXML"],
    ["has no mode", rule("<Days>1</Days>"), "MalformedXML"],
    ["has no such mode", rule("<Mode>governance</Mode><Days>1</Days>"), "MalformedXML"],
    ["has no period", rule("<Mode>GOVERNANCE</Mode>"), "MalformedXML"],
    ["has two periods", rule(`${DAY}<Years>1</Years>`), "MalformedXML"],
    ["has half a day", rule("<Mode>COMPLIANCE</Mode><Days>0.5</Days>"), "MalformedXML"],
    ["has no days", rule("<Mode>GOVERNANCE</Mode><Days>0</Days>"), "InvalidRetentionPeriod"],
    ["has less than none", rule("<Mode>GOVERNANCE</Mode><Days>-1</Days>"), "InvalidRetentionPeriod"],
    ["has no years", rule("<Mode>COMPLIANCE</Mode><Years>0</Years>"), "InvalidRetentionPeriod"],
    ["has too many days", rule("<Mode>COMPLIANCE</Mode><Days>36501</Days>"), "InvalidRetentionPeriod"],
    ["has too many years", rule("<Mode>COMPLIANCE</Mode><Years>101</Years>"), "InvalidRetentionPeriod"],
  ])("is left as it is by a document that %s", async (_what, document, code) => {
    const bucket = await lockedBucket();
    answered(await configure(bucket, defaultOf("<Mode>COMPLIANCE</Mode><Days>7</Days>")), 200);
    refused(await send(`/${bucket}?object-lock`, document), 400, code);
    // Not even a right one counts without a digest.
    refused(await server.client.put(`/${bucket}?object-lock`, rule(DAY)), 400, "InvalidRequest");
    const shown = xml((await server.client.get(`/${bucket}?object-lock`)).text);
    expect(shown.get("Rule/DefaultRetention/Days")).toBe("7");
  });
});

/** Every way to make a version: each gives its path. */
const WAYS: [name: string, make: (bucket: string, headers?: Record<string, string>) => Promise<Answer>][] = [
  ["put", (bucket, headers) => send(`/${bucket}/new`, "bytes", headers)],
  [
    "copied",
    async (bucket, headers = {}) => {
      const other = await server.bucket();
      answered(await server.client.put(`/${other}/src`, "bytes"), 200);
      return server.client.put(`/${bucket}/new`, "", { "x-amz-copy-source": `/${other}/src`, ...headers });
    },
  ],
  [
    "uploaded in parts",
    async (bucket, headers = {}) => {
      const began = await server.client.post(`/${bucket}/new?uploads`, "", headers);
      if (began.status !== 200) return began;
      const id = xml(began.text).get("UploadId") ?? "";
      const only = await part(server.client, `/${bucket}/new`, id, 1, "bytes");
      return complete(server.client, `/${bucket}/new`, id, [only]);
    },
  ],
];

for (const [way, make] of WAYS) {
  describe(`a version that is ${way}`, () => {
    it.each(["<Days>3</Days>", "<Years>2</Years>"])(
      "is retained as the bucket has it: %s",
      async (period) => {
        const bucket = await lockedBucket();
        answered(await configure(bucket, defaultOf(`<Mode>COMPLIANCE</Mode>${period}`)), 200);
        const end = (from: number) => {
          const date = new Date(from);
          if (period.includes("Days")) date.setUTCDate(date.getUTCDate() + 3);
          else date.setUTCFullYear(date.getUTCFullYear() + 2);
          return date.getTime();
        };
        const before = Date.now();
        answered(await make(bucket), 200);
        const { mode, until, hold: held } = await lockOf(`/${bucket}/new`);
        expect([mode, held]).toEqual(["COMPLIANCE", undefined]);
        expect(until).toBeGreaterThanOrEqual(end(before));
        expect(until).toBeLessThanOrEqual(end(Date.now()));
      },
    );

    it("is retained as its writer has it, whatever the bucket says", async () => {
      const bucket = await lockedBucket();
      answered(await configure(bucket, defaultOf("<Mode>COMPLIANCE</Mode><Years>9</Years>")), 200);
      const headers = { ...lockHeaders("GOVERNANCE", inYears(1)), ...HELD };
      answered(await make(bucket, headers), 200);
      const said = { mode: "GOVERNANCE", until: Date.parse(inYears(1)), hold: "ON" };
      expect(await lockOf(`/${bucket}/new`)).toEqual(said);
    });

    it.each([
      ["a mode without a time", { "x-amz-object-lock-mode": "GOVERNANCE" }],
      ["a time without a mode", { "x-amz-object-lock-retain-until-date": inYears(1) }],
      ["an unknown mode", lockHeaders("FOREVER", inYears(1))],
      ["a time that is over", lockHeaders("GOVERNANCE", "2001-01-01T00:00:00Z")],
      ["a time that is none", lockHeaders("GOVERNANCE", "tomorrow")],
      ["a hold that is neither on nor off", { "x-amz-object-lock-legal-hold": "on" }],
    ])("is refused with %s", async (_what, headers) => {
      const bucket = await lockedBucket();
      refused(await make(bucket, headers), 400, "InvalidArgument");
      refused(await server.client.get(`/${bucket}/new`), 404, "NoSuchKey");
    });

    it("cannot be locked in a bucket without locks", async () => {
      const bucket = await server.bucket();
      refused(await make(bucket, HELD), 400, "InvalidRequest");
      refused(await make(bucket, lockHeaders("GOVERNANCE", inYears(1))), 400, "InvalidRequest");
      refused(await server.client.get(`/${bucket}/new`), 404, "NoSuchKey");
    });
  });
}

describe("the default", () => {
  it("taken away, or changed, lets older versions be as they were", async () => {
    const bucket = await lockedBucket();
    answered(await configure(bucket, defaultOf("<Mode>COMPLIANCE</Mode><Days>1</Days>")), 200);
    answered(await send(`/${bucket}/old`, "old"), 200);
    answered(await configure(bucket, ""), 200);
    answered(await send(`/${bucket}/free`, "free"), 200);
    expect((await lockOf(`/${bucket}/old`)).mode).toBe("COMPLIANCE");
    expect(await lockOf(`/${bucket}/free`)).toEqual({ mode: undefined, until: undefined, hold: undefined });
  });
});

const LOCKS: [name: string, headers: Record<string, string>, bypassed: boolean][] = [
  ["governance", lockHeaders("GOVERNANCE", inYears(1)), true],
  ["compliance", lockHeaders("COMPLIANCE", inYears(1)), false],
  ["a hold", HELD, false],
  ["governance and a hold", { ...lockHeaders("GOVERNANCE", inYears(1)), ...HELD }, false],
];

/** Everything that could remove a version, but for a bypass. */
async function attack(bucket: string, exact: string, id: string, bypass: Record<string, string> = {}) {
  const { client } = server;
  refused(await client.delete(exact, bypass), 403, "AccessDenied");
  const list = `<Delete><Object><Key>k</Key><VersionId>${id}</VersionId></Object><Object><Key>l</Key></Object></Delete>`;
  const headers = { "content-md5": md5(list, "base64"), ...bypass };
  const several = xml(answered(await client.post(`/${bucket}?delete`, list, headers), 200).text);
  expect([several.texts("Error/Code"), several.texts("Error/VersionId")]).toEqual([["AccessDenied"], [id]]);
  expect(several.texts("Deleted/Key")).toEqual(["l"]);
  refused(await client.delete(`/${bucket}`), 409, "BucketNotEmpty");
}

describe("a locked version", () => {
  for (const [name, headers, bypassed] of LOCKS) {
    it(`under ${name} outlives all that could remove it`, async () => {
      const { bucket, path, id, exact } = await version(headers);
      await attack(bucket, exact, id);
      answered(await send(path, "over"), 200);
      answered(await server.client.put(path, "", { "x-amz-copy-source": exact }), 200);
      answered(await server.client.delete(path), 204);
      if (!bypassed) await attack(bucket, exact, id, BYPASS);
      else await attack(bucket, exact, id, { "x-amz-bypass-governance-retention": "false" });
      expect((await server.client.get(exact)).text).toBe("kept");
      if (!bypassed) return;
      answered(await server.client.delete(exact, BYPASS), 204);
      refused(await server.client.get(exact), 404, "NoSuchVersion");
    });
  }

  it("can be removed, bypassing governance, among several", async () => {
    const { bucket, exact, id } = await version(lockHeaders("GOVERNANCE", inYears(1)));
    const list = `<Delete><Object><Key>k</Key><VersionId>${id}</VersionId></Object></Delete>`;
    const headers = { "content-md5": md5(list, "base64"), ...BYPASS };
    const { text } = answered(await server.client.post(`/${bucket}?delete`, list, headers), 200);
    expect(xml(text).texts("Deleted/VersionId")).toEqual([id]);
    refused(await server.client.get(exact), 404, "NoSuchVersion");
  });

  it("that was put before there were versions is safe as well", async () => {
    const bucket = await server.bucket();
    const path = `/${bucket}/k`;
    answered(await server.client.put(path, "null version"), 200);
    answered(await versioning(bucket, "Enabled"), 200);
    answered(await configure(bucket, ""), 200);
    const exact = `${path}?versionId=null`;
    answered(await send(`${exact}&retention`, retention("COMPLIANCE", inYears(1))), 200);
    await attack(bucket, exact, "null", BYPASS);
    answered(await send(path, "over"), 200);
    await attack(bucket, exact, "null", BYPASS);
    expect((await server.client.get(exact)).text).toBe("null version");
  });

  it("is free once its retention is over, and not while it is held", async () => {
    const { bucket, exact } = await version({ ...lockHeaders("COMPLIANCE", inYears(1)), ...HELD });
    await letTimePass(bucket);
    refused(await server.client.delete(exact), 403, "AccessDenied");
    answered(await send(`${exact}&legal-hold`, hold("OFF")), 200);
    answered(await server.client.delete(exact), 204);
    refused(await server.client.get(exact), 404, "NoSuchVersion");
  });
});

describe("a retention", () => {
  type Change = [held: string, years: number, mode: string | undefined, plainly: boolean, bypassing: boolean];
  const CHANGES: Change[] = [
    ["GOVERNANCE", 3, "GOVERNANCE", true, true],
    ["GOVERNANCE", 2, "GOVERNANCE", true, true],
    ["GOVERNANCE", 1, "GOVERNANCE", false, true],
    ["GOVERNANCE", 2, "COMPLIANCE", false, true],
    ["GOVERNANCE", 3, "COMPLIANCE", false, true],
    ["GOVERNANCE", 0, undefined, false, true],
    ["COMPLIANCE", 3, "COMPLIANCE", true, true],
    ["COMPLIANCE", 2, "COMPLIANCE", true, true],
    ["COMPLIANCE", 1, "COMPLIANCE", false, false],
    ["COMPLIANCE", 3, "GOVERNANCE", false, false],
    ["COMPLIANCE", 0, undefined, false, false],
  ];
  it.each(CHANGES)("of %s for 2 years may, or may not, become one of %i years' %s", async (...change) => {
    const [held, years, mode, plainly, bypassing] = change;
    const { exact } = await version(lockHeaders(held, inYears(2)));
    const next = mode === undefined ? "<Retention></Retention>" : retention(mode, inYears(years));
    for (const [headers, may] of [
      [{}, plainly],
      [BYPASS, bypassing],
    ] as const) {
      const before = await lockOf(exact);
      const answer = await send(`${exact}&retention`, next, headers);
      if (may) answered(answer, 200);
      else refused(answer, 403, "AccessDenied");
      const until = mode === undefined ? undefined : Date.parse(inYears(years));
      expect(await lockOf(exact)).toEqual(may ? { mode, until, hold: undefined } : before);
    }
  });

  it("that was read can be put back as it is", async () => {
    const { bucket, exact } = await version(lockHeaders("COMPLIANCE", inYears(1)));
    // A default ends at whichever millisecond the clock gives.
    const until = Date.parse(inYears(1)) + 987;
    const text = `update current set lock = json_set(lock, '$.retention.until', ${until})`;
    await server.order({ do: "sql", index: await server.idOf(bucket), text });
    const shown = xml(answered(await server.client.get(`${exact}&retention`), 200).text);
    const same = retention(shown.get("Mode") ?? "", shown.get("RetainUntilDate") ?? "");
    answered(await send(`${exact}&retention`, same), 200);
  });

  it("is of the version that is named, and shown of that one only", async () => {
    const { path, exact } = await version();
    answered(await send(path, "newer"), 200);
    answered(await send(`${exact}&retention`, retention("GOVERNANCE", inYears(1))), 200);
    const shown = xml((await server.client.get(`${exact}&retention`)).text);
    expect([shown.get("Mode"), shown.get("RetainUntilDate")]).toEqual(["GOVERNANCE", inYears(1)]);
    refused(await server.client.get(`${path}?retention`), 404, "NoSuchObjectLockConfiguration");
  });

  it("that is over gives way to any other", async () => {
    const { bucket, exact } = await version(lockHeaders("COMPLIANCE", inYears(2)));
    await letTimePass(bucket);
    answered(await send(`${exact}&retention`, retention("GOVERNANCE", inYears(1))), 200);
    expect((await lockOf(exact)).mode).toBe("GOVERNANCE");
  });
});

describe("a hold", () => {
  it("comes and goes, and lets the retention be, as the retention lets it be", async () => {
    const { exact } = await version(lockHeaders("GOVERNANCE", inYears(1)));
    refused(await server.client.get(`${exact}&legal-hold`), 404, "NoSuchObjectLockConfiguration");
    for (const status of ["ON", "ON", "OFF"]) {
      answered(await send(`${exact}&legal-hold`, hold(status)), 200);
      answered(await send(`${exact}&retention`, retention("GOVERNANCE", inYears(1))), 200);
      expect(xml((await server.client.get(`${exact}&legal-hold`)).text).get("Status")).toBe(status);
      const said = { mode: "GOVERNANCE", until: Date.parse(inYears(1)), hold: status };
      expect(await lockOf(exact)).toEqual(said);
    }
  });
});

describe.each([
  ["retention", retention("GOVERNANCE", inYears(1))],
  ["legal-hold", hold("ON")],
])("%s", (name, document) => {
  it("is of a version that is there, in a bucket that has locks, and of no marker", async () => {
    const { path, id } = await version();
    const marker = String((await server.client.delete(path)).headers["x-amz-version-id"]);
    const other = `/${await server.bucket()}/k`;
    answered(await server.client.put(other, "body"), 200);
    for (const ask of [(at: string) => server.client.get(at), (at: string) => send(at, document)]) {
      refused(await ask(`${path}?${name}`), 404, "NoSuchKey");
      const wrong = id.slice(0, -1) + (id.endsWith("0") ? "1" : "0");
      refused(await ask(`${path}?versionId=${wrong}&${name}`), 404, "NoSuchVersion");
      refused(await ask(`${path}?versionId=${marker}&${name}`), 405, "MethodNotAllowed");
      refused(await ask(`${other}?${name}`), 400, "InvalidRequest");
    }
  });

  it("is not changed by a stranger, without a digest, or by a document that is another", async () => {
    const { exact } = await version();
    const { client } = await server.account("Stranger");
    refused(await client.get(`${exact}&${name}`), 403, "AccessDenied");
    refused(await client.put(`${exact}&${name}`, document), 403, "AccessDenied");
    refused(await server.client.put(`${exact}&${name}`, document), 400, "InvalidRequest");
    for (const bad of [
      "<Retention><Mode>GOVERNANCE</Mode></Retention>",
      `<Retention><RetainUntilDate>${inYears(1)}</RetainUntilDate></Retention>`,
      retention("Governance", inYears(1)),
      retention("GOVERNANCE", "soon"),
      hold("on"),
      "<LegalHold></LegalHold>",
    ]) {
      refused(await send(`${exact}&${name}`, bad), 400, "MalformedXML");
    }
    if (name === "retention") {
      const over = retention("GOVERNANCE", "2001-01-01T00:00:00Z");
      refused(await send(`${exact}&retention`, over), 400, "InvalidArgument");
    }
    expect(await lockOf(exact)).toEqual({ mode: undefined, until: undefined, hold: undefined });
  });
});
