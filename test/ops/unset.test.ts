import { beforeAll, describe, expect, it } from "vitest";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { xml } from "../support/xml.ts";

const server = useServer();
let bucket: string;

beforeAll(async () => {
  bucket = await server.bucket();
  answered(await server.client.put(`/${bucket}/k`, "bytes"), 200);
});

/** What a fresh bucket of AWS's says of a configuration that it does not have. */
const NONE: [subresource: string, code: string][] = [
  ["lifecycle", "NoSuchLifecycleConfiguration"],
  ["object-lock", "ObjectLockConfigurationNotFoundError"],
  ["policy", "NoSuchBucketPolicy"],
  ["replication", "ReplicationConfigurationNotFoundError"],
  ["tagging", "NoSuchTagSet"],
  ["website", "NoSuchWebsiteConfiguration"],
];

/** Documents that say nothing, by their root. */
const BLANK: [subresource: string, root: string][] = [
  ["accelerate", "AccelerateConfiguration"],
  ["logging", "BucketLoggingStatus"],
  ["notification", "NotificationConfiguration"],
  ["versioning", "VersioningConfiguration"],
];

describe("a bucket that nothing was configured of", () => {
  for (const [subresource, code] of NONE) {
    it(`has no ${subresource}`, async () => {
      refused(await server.client.get(`/${bucket}?${subresource}`), 404, code);
    });
  }

  it("is named where it has no locks", async () => {
    const answer = await server.client.get(`/${bucket}?object-lock`);
    const error = refused(answer, 404, "ObjectLockConfigurationNotFoundError");
    expect(error.get("BucketName")).toBe(bucket);
  });

  for (const [subresource, root] of BLANK) {
    it(`has a ${subresource} that says nothing`, async () => {
      const { text } = answered(await server.client.get(`/${bucket}?${subresource}`), 200);
      expect([xml(text).name, xml(text).names, xml(text).text]).toEqual([root, [], ""]);
      expect(text).toContain('xmlns="http://s3.amazonaws.com/doc/2006-03-01/"');
    });
  }

  it("is paid for by its owner", async () => {
    const { text } = answered(await server.client.get(`/${bucket}?requestPayment`), 200);
    expect(xml(text).get("Payer")).toBe("BucketOwner");
  });

  for (const subresource of ["analytics", "intelligent-tiering", "inventory", "metrics"]) {
    it(`has an empty list of ${subresource}`, async () => {
      const { text } = answered(await server.client.get(`/${bucket}?${subresource}`), 200);
      expect([xml(text).names, xml(text).get("IsTruncated")]).toEqual([["IsTruncated"], "false"]);
    });
  }

  it("is its owner's alone, and so are its objects", async () => {
    const owner = xml((await server.client.get("/")).text).get("Owner/ID");
    for (const path of [`/${bucket}?acl`, `/${bucket}/k?acl`]) {
      const { text } = answered(await server.client.get(path), 200);
      const policy = xml(text);
      expect([policy.name, policy.get("Owner/ID")]).toEqual(["AccessControlPolicy", owner]);
      const grant = "AccessControlList/Grant";
      expect(policy.all(grant)).toHaveLength(1);
      expect(policy.get(`${grant}/Grantee/ID`)).toBe(owner);
      expect(policy.get(`${grant}/Permission`)).toBe("FULL_CONTROL");
      expect(text).toContain('xsi:type="CanonicalUser"');
    }
    refused(await server.client.get(`/${bucket}/none?acl`), 404, "NoSuchKey");
  });

  it("has objects without tags, and without locks", async () => {
    const { text } = answered(await server.client.get(`/${bucket}/k?tagging`), 200);
    expect([xml(text).all("TagSet").length, xml(text).all("TagSet/Tag")]).toEqual([1, []]);
    refused(await server.client.get(`/${bucket}/none?tagging`), 404, "NoSuchKey");
    for (const subresource of ["retention", "legal-hold"]) {
      refused(await server.client.get(`/${bucket}/k?${subresource}`), 400, "InvalidRequest");
    }
  });
});

describe("a bucket that is not there", () => {
  const ALL = [...NONE, ...BLANK, ["acl", ""], ["requestPayment", ""], ["metrics", ""]] as const;
  for (const [subresource] of ALL) {
    it(`has not even a ${subresource}`, async () => {
      refused(await server.client.get(`/not-there?${subresource}`), 404, "NoSuchBucket");
    });
  }
});
