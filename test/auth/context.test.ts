import { expect, it } from "vitest";
import type { Caller } from "../../src/auth/caller.ts";
import { contextOf } from "../../src/auth/context.ts";
import { readAddress } from "../../src/wire/address.ts";

const ACCOUNT = { id: "a".repeat(64), displayName: "them", number: "123456789012" };
const CALLER: Caller = {
  kind: "root",
  account: ACCOUNT,
  arn: "arn:aws:iam::123456789012:root",
  userId: "123456789012",
  accessKeyId: "them",
  tags: {},
  policies: [],
  sessionPolicies: [],
};

function valueAsked(key: string, method: string, target: string): readonly string[] | undefined {
  const request = new Request(`http://s3.example${target}`, { method });
  const value = contextOf({
    address: readAddress(request, { domains: [], plainKeys: false }),
    caller: CALLER,
    signed: { place: "header", version: "v4", signedAt: 0 },
    now: 0,
    clientAddress: undefined,
    region: "us-east-1",
  });
  return value(key);
}

// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
it.each([
  ["PUT", "/b/k", "true"],
  ["PUT", "/b/k?partNumber=1", "true"],
  ["PUT", "/b/k?renameObject", "true"],
  ["POST", "/b/k?uploadId=u", "true"],
  ["POST", "/b/k?uploadId=u&partNumber=1", "true"],
  ["POST", "/b/k?uploads", "false"],
  ["PUT", "/b/k?partNumber=1&uploadId=u", "false"],
])("whether %s %s makes an object, as s3:ObjectCreationOperation has it: %s", (method, target, value) => {
  expect(valueAsked("s3:objectcreationoperation", method, target)).toEqual([value]);
});
