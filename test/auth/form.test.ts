import { describe, expect, it } from "vitest";
import { checkForm, readCredentials, readFormPolicy, shownPolicy } from "../../src/auth/form.ts";
import { parseCredential, sign, signingKey } from "../../src/auth/sigv4.ts";
import { S3Error } from "../../src/wire/error.ts";
import { withFileName } from "../../src/wire/form.ts";
import { seeded } from "./random.ts";

const EXPIRATION = "2030-01-01T00:00:00Z";
const EXPIRES = Date.parse(EXPIRATION);

const encoded = (document: unknown) =>
  Buffer.from(typeof document === "string" ? document : JSON.stringify(document)).toString("base64");

const policyOf = (conditions: unknown) => readFormPolicy(encoded({ expiration: EXPIRATION, conditions }));

/** What a form with these fields, posted to the bucket `b`, is told by a policy with these conditions. */
function told(conditions: readonly unknown[], fields: Record<string, string>, now = 0): string {
  try {
    checkForm(policyOf([["eq", "$bucket", "b"], ...conditions]), new Map(Object.entries(fields)), "b", now);
    return "ok";
  } catch (error) {
    if (error instanceof S3Error) return `${error.code}: ${error.message}`;
    throw error;
  }
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof S3Error) return `${error.status} ${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("not refused");
}

const DENIED = "AccessDenied: Invalid according to Policy:";

describe("a policy", () => {
  it.each([
    ["not base64 of JSON", "{policy}"],
    ["no object", encoded([])],
    ["null", encoded("null")],
    ["no expiration", encoded({ conditions: [] })],
    ["an expiration of another case", encoded({ EXPIRATION, conditions: [] })],
    ["an expiration that is a number", encoded({ expiration: 1, conditions: [] })],
    ["no conditions", encoded({ expiration: EXPIRATION })],
    ["conditions of another case", encoded({ expiration: EXPIRATION, CONDITIONS: [] })],
    ["conditions that are no list", encoded({ expiration: EXPIRATION, conditions: {} })],
  ])("with %s is refused", (_what, policy) => {
    expect(refusal(() => readFormPolicy(policy))).toMatch(/^400 InvalidPolicyDocument: Invalid Policy: /);
  });

  it.each([
    "2030-01-01 00:00:00+00:00",
    "2030-01-01T00:00:00+00:00",
    "2030-01-01T00:00:00",
    "2030-02-30T00:00:00Z",
    "2030-13-01T00:00:00Z",
    "2030-01-01",
    "tomorrow",
    "",
  ])("that expires at %j is refused", (expiration) => {
    const policy = encoded({ expiration, conditions: [] });
    expect(refusal(() => readFormPolicy(policy))).toBe(
      `400 InvalidPolicyDocument: Invalid Policy: Invalid 'expiration' value: '${expiration}'`,
    );
  });

  it.each(["2030-01-01T00:00:00Z", "2030-01-01T00:00:00.000Z", "2030-01-01T00:00:00.000000Z"])(
    "may expire at %s",
    (expiration) => {
      expect(readFormPolicy(encoded({ expiration, conditions: [] })).expires).toBe(EXPIRES);
    },
  );

  it.each([
    [{}],
    [{ acl: "private", key: "k" }],
    [{ acl: 1 }],
    [{ acl: null }],
    ["acl"],
    [null],
    [[]],
    [["eq", "$key"]],
    [["eq", "$key", 1]],
    [["eq", "$key", "a", "b"]],
    [["ends-with", "$key", "k"]],
    [[1, "$key", "k"]],
    [["content-length-range", 0]],
    [["content-length-range", -1, 0]],
    [["content-length-range", 0, "x"]],
    [["content-length-range", 0.5, 1]],
    [["content-length-range", 0, 1e300]],
  ])("with the condition %j is refused", (condition) => {
    expect(refusal(() => policyOf([condition]))).toMatch(/^400 InvalidPolicyDocument: Invalid Policy: /);
  });

  it("knows S3's own escapes beside JSON's", () => {
    const text = String.raw`{"expiration":"${EXPIRATION}","conditions":[["eq","\$key","\$\\$\v\u0041"],{"bucket":"b"}]}`;
    const policy = readFormPolicy(encoded(text));
    expect(checkForm(policy, new Map([["key", "$\\$\u000bA"]]), "b", 0).least).toBe(0);
  });
});

describe("a form held against its policy", () => {
  it("is taken until the policy expires", () => {
    expect([told([], {}, EXPIRES), told([], {}, EXPIRES + 1)]).toEqual(["ok", `${DENIED} Policy expired.`]);
  });

  it.each<[unknown, Record<string, string>, boolean]>([
    [["eq", "$key", "a"], { key: "a" }, true],
    [["EQ", "$KEY", "a"], { key: "a" }, true],
    [["eq", "$key", "a"], { key: "A" }, false],
    [["eq", "$key", ""], { key: "a" }, false],
    [["eq", "key", "a"], { key: "a" }, false],
    [{ Key: "a" }, { key: "a" }, true],
    [{ key: "a" }, { key: "ab" }, false],
    [{ acl: "" }, {}, false],
    [["starts-with", "$key", "a/"], { key: "a/b" }, true],
    [["StArTs-WiTh", "$kEy", "a/"], { key: "a/b" }, true],
    [["starts-with", "$key", "a/"], { key: "a" }, false],
    [["starts-with", "$key", ""], { key: "a" }, true],
    [["starts-with", "$acl", ""], {}, true],
    [["starts-with", "$acl", "p"], {}, false],
    [["starts-with", "acl", ""], {}, false],
    [["starts-with", "$Content-Type", "image/"], { "content-type": "image/png" }, true],
    [["starts-with", "$Content-Type", "image/"], { "content-type": "image/png, image/gif" }, true],
    [["starts-with", "$Content-Type", "image/"], { "content-type": "image/png,text/html" }, false],
    [["starts-with", "$x-amz-meta-a", "a"], { "x-amz-meta-a": "a,b" }, true],
    [["eq", "$__proto__", "a"], {}, false],
  ])("%j against %j: %s", (condition, fields, holds) => {
    const shown = Array.isArray(condition)
      ? [condition[0].toLowerCase(), ...condition.slice(1)]
      : Object.entries(condition as object).flatMap(([name, value]) => ["eq", `$${name}`, value]);
    const failed = `${DENIED} Policy Condition failed: [${shown.map((text) => JSON.stringify(text)).join(", ")}]`;
    expect(told([condition], fields)).toBe(holds ? "ok" : failed);
  });

  it("needs a condition for each field but the signature's own and those that demand nothing", () => {
    const exempt = { policy: "", signature: "", awsaccesskeyid: "", "x-amz-signature": "", "x-ignore-a": "" };
    expect(told([], { ...exempt, "x-amz-checksum-sha256": "" })).toBe("ok");
    for (const name of [
      "key",
      "acl",
      "x-amz-date",
      "x-amz-security-token",
      "content-md5",
      "anything",
      "x-ignore",
    ]) {
      expect(told([], { ...exempt, [name]: "" })).toBe(`${DENIED} Extra input fields: ${name}`);
    }
    expect(told([], { a: "", b: "" })).toBe(`${DENIED} Extra input fields: a, b`);
  });

  it("needs a condition for the bucket, and it is that which it is posted to", () => {
    const check = (conditions: unknown[], fields: [string, string][]) =>
      refusal(() => checkForm(policyOf(conditions), new Map(fields), "b", 0));
    expect(check([], [])).toBe(`403 ${DENIED} Extra input fields: bucket`);
    const failed = `403 ${DENIED} Policy Condition failed: ["eq", "$bucket", "other"]`;
    expect([check([{ bucket: "other" }], []), check([{ bucket: "other" }], [["bucket", "other"]])]).toEqual([
      failed,
      failed,
    ]);
  });

  it("shows no client's key that its policy holds", () => {
    const name = "x-amz-server-side-encryption-customer-key";
    expect(told([{ [name]: "secret" }], {})).toBe(
      `${DENIED} Policy Condition failed: ["eq", "$${name}", "…"]`,
    );
    expect(told([{ [`${name}-MD5`]: "sum" }], {})).toContain('"sum"');
    expect(shownPolicy(encoded({ conditions: [{ [name]: "secret" }] }))).toBe("…");
    expect(shownPolicy(encoded({ conditions: [] }))).toBe(encoded({ conditions: [] }));
  });

  it("is told how long its file may be: all of several ranges hold", () => {
    const range = (...conditions: unknown[]) =>
      checkForm(policyOf([{ bucket: "b" }, ...conditions]), new Map(), "b", 0);
    expect(range()).toEqual({ least: 0, most: Number.POSITIVE_INFINITY });
    expect(range(["content-length-range", 5, "10"])).toEqual({ least: 5, most: 10 });
    expect(range(["content-length-range", 0, 7], ["Content-Length-Range", 5, 10])).toEqual({
      least: 5,
      most: 7,
    });
  });
});

describe("the credentials in a form", () => {
  const four = {
    policy: "cA==",
    "x-amz-signature": "s",
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": "AKID/20300101/us-east-1/s3/aws4_request",
    "x-amz-date": "20300101T000000Z",
  };
  const two = { policy: "cA==", signature: "s", awsaccesskeyid: "AKID" };
  const read = (fields: Record<string, string>) => readCredentials(new Map(Object.entries(fields)));

  it("are those of version 4, of version 2, or of nobody", () => {
    expect(read(four)).toMatchObject({ version: 4, accessKeyId: "AKID", policy: "cA==", signature: "s" });
    expect(read(two)).toEqual({ version: 2, accessKeyId: "AKID", policy: "cA==", signature: "s" });
    expect(read({ key: "k", acl: "public-read" })).toBeUndefined();
  });

  it.each([
    ...Object.keys(four)
      .filter((name) => name !== "policy")
      .map((name) => [4, name] as const),
    ...Object.keys(two).map((name) => [2, name] as const),
    [4, "policy"] as const,
  ])("of version %i without %s are refused", (version, name) => {
    const { [name]: _gone, ...rest } = (version === 4 ? four : two) as Record<string, string>;
    expect(refusal(() => read(rest))).toMatch(new RegExp(`^400 InvalidArgument: .* named '${name}'`, "i"));
  });

  it("with a policy that nobody signed are refused", () => {
    expect(refusal(() => read({ policy: "cA==" }))).toContain("'Signature'");
  });

  it.each([
    { "x-amz-algorithm": "AWS4-HMAC-SHA1" },
    { "x-amz-credential": "AKID/us-east-1/s3/aws4_request" },
    { "x-amz-date": "2030-01-01T00:00:00Z" },
  ])("with %j are refused", (wrong) => {
    expect(refusal(() => read({ ...four, ...wrong }))).toMatch(/^400 AuthorizationQueryParametersError/);
  });
});

describe("the example in S3's documentation", () => {
  const POLICY =
    "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
  const CREDENTIAL = "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request";
  const FIELDS = {
    key: "user/user1/$" + "{filename}",
    acl: "public-read",
    success_action_redirect: "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html",
    "content-type": "image/jpeg",
    "x-amz-meta-uuid": "14365123651274",
    "x-amz-server-side-encryption": "AES256",
    "x-amz-credential": CREDENTIAL,
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-date": "20151229T000000Z",
    "x-amz-meta-tag": "",
    policy: POLICY,
    "x-amz-signature": "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
  };

  it("has the signature that it shows", () => {
    const scope = parseCredential(CREDENTIAL);
    if (scope === undefined) throw new Error("the credential is one");
    const key = signingKey("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", scope);
    expect(sign(key, POLICY)).toBe(FIELDS["x-amz-signature"]);
  });

  it("meets its own policy, while it lasts", () => {
    const fields = withFileName(new Map(Object.entries(FIELDS)), "photo.jpg");
    const check = (at: string) =>
      checkForm(readFormPolicy(POLICY), fields, "sigv4examplebucket", Date.parse(at));
    expect(check("2015-12-29T12:00:00Z")).toEqual({ least: 0, most: Number.POSITIVE_INFINITY });
    expect(refusal(() => check("2015-12-30T12:00:01Z"))).toBe(`403 ${DENIED} Policy expired.`);
  });
});

describe("a policy made by chance", () => {
  it("is read, or refused by S3's own error", () => {
    const random = seeded(20_260_902);
    const values: [unknown, ...unknown[]] = [
      "eq",
      "starts-with",
      "$key",
      "",
      "content-length-range",
      0,
      -1,
      1e99,
      null,
      true,
      "$",
      {},
      [],
      { key: "k" },
      "__proto__",
    ];
    const value = (depth: number): unknown => {
      if (depth === 0 || random.next() < 0.4) return random.pick(values);
      const items = Array.from({ length: random.integer(4) }, () => value(depth - 1));
      return random.next() < 0.6
        ? items
        : Object.fromEntries(items.map((item, at) => [String(random.pick(values)) + at, item]));
    };
    const good = () => ["eq", random.pick(["$key", "key", "$"]), random.pick(["k", ""])];
    const ROUNDS = 5000;
    let read = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const json = JSON.stringify({
        expiration: random.next() < 0.9 ? EXPIRATION : value(1),
        conditions: [good(), random.next() < 0.5 ? value(2) : good()],
      });
      const at = random.integer(json.length);
      const text =
        random.next() < 0.2
          ? json.slice(0, at) + random.text(["\\", '"', "{", "]", "$"], 1, 2) + json.slice(at + 1)
          : json;
      try {
        checkForm(readFormPolicy(encoded(text)), new Map([["key", "k"]]), "b", 0);
        read += 1;
      } catch (error) {
        if (!(error instanceof S3Error)) throw error;
        if (error.code === "AccessDenied") read += 1;
      }
    }
    console.log(`${ROUNDS} policies by chance (seed ${random.seed}), ${read} of them well-formed`);
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(ROUNDS);
  });
});
