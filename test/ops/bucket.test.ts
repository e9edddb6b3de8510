import { describe, expect, it } from "vitest";
import { answered, refused } from "../support/expect.ts";
import { useServer } from "../support/server.ts";
import { TestServer } from "../support/test-server.ts";
import { begin } from "../support/uploads.ts";
import { xml } from "../support/xml.ts";

const server = useServer();

const located = (constraint: string) =>
  `<CreateBucketConfiguration><LocationConstraint>${constraint}</LocationConstraint></CreateBucketConfiguration>`;

describe("CreateBucket", () => {
  const GOOD = ["abc", "a".repeat(63), "my.bucket.name", "0numbers9", "with-hyphens-in", "1.2.3.4.5", "a-1"];
  for (const name of GOOD) {
    it(`takes the name ${name}`, async () => {
      const { headers, text } = answered(await server.client.put(`/${name}`), 200);
      expect([headers.location, text]).toEqual([`/${name}`, ""]);
      answered(await server.client.head(`/${name}`), 200);
    });
  }

  const BAD: [name: string, why: string][] = [
    ["ab", "is too short"],
    ["a".repeat(64), "is too long"],
    ["Capital", "has a capital letter"],
    ["under_score", "has an underscore"],
    ["-hyphen", "begins with a hyphen"],
    ["hyphen-", "ends in a hyphen"],
    [".dot", "begins with a dot"],
    ["dot.", "ends in a dot"],
    ["two..dots", "has two dots together"],
    ["192.168.5.4", "is an IP address"],
    ["xn--abc", "begins like an internationalised name"],
    ["sthree-abc", "begins like one of Amazon's"],
    ["amzn-s3-demo-abc", "begins like a demonstration's"],
    ["abc-s3alias", "ends like an access point's"],
    ["abc--ol-s3", "ends like an Object Lambda's"],
    ["abc.mrap", "ends like a multi-region access point's"],
    ["abc--x-s3", "ends like a directory bucket's"],
    ["sp%20ace", "has a blank"],
    ["caf%C3%A9", "is not ASCII"],
    ["abc%00", "has a control character"],
  ];
  for (const [name, why] of BAD) {
    it(`refuses a name that ${why}`, async () => {
      const error = refused(await server.client.put(`/${name}`), 400, "InvalidBucketName");
      expect(error.get("BucketName")).toBe(decodeURIComponent(name));
      expect((await server.client.head(`/${name}`)).status).not.toBe(200);
    });
  }

  it("is nothing for a bucket that the caller owns, and takes nothing out of it", async () => {
    const bucket = await server.bucket();
    answered(await server.client.put(`/${bucket}/k`, "bytes"), 200);
    expect(answered(await server.client.put(`/${bucket}`), 200).headers.location).toBe(`/${bucket}`);
    expect((await server.client.get(`/${bucket}/k`)).text).toBe("bytes");
  });

  it("is refused for a bucket that somebody else owns", async () => {
    const bucket = await server.bucket();
    const { client } = await server.account("Somebody");
    const error = refused(await client.put(`/${bucket}`), 409, "BucketAlreadyExists");
    expect(error.get("BucketName")).toBe(bucket);
  });

  it("takes the name of any region in the first one, as AWS does there, and stays where it is", async () => {
    answered(await server.client.put("/anywhere", located("eu-west-1")), 200);
    const { text } = answered(await server.client.get("/anywhere?location"), 200);
    expect(xml(text).text).toBe("");
    refused(await server.client.put("/elsewhere", located("nowhere")), 400, "InvalidLocationConstraint");
    expect((await server.client.head("/elsewhere")).status).toBe(404);
    answered(await server.client.put("/empty-configuration", "<CreateBucketConfiguration/>"), 200);
  });

  for (const [what, document] of [
    ["no XML", "not XML"],
    ["another document", "<Delete/>"],
    ["an unclosed element", "<CreateBucketConfiguration>"],
    ["a document type", '<!DOCTYPE x [<!ENTITY y "z">]><CreateBucketConfiguration/>'],
    [
      "two constraints",
      "<CreateBucketConfiguration><LocationConstraint/><LocationConstraint/></CreateBucketConfiguration>",
    ],
  ]) {
    it(`refuses ${what} as its configuration`, async () => {
      refused(await server.client.put("/malformed", document), 400, "MalformedXML");
      expect((await server.client.head("/malformed")).status).toBe(404);
    });
  }
});

describe("in another region than the first", () => {
  it("a bucket says where it is, and making it again is a conflict", async () => {
    const elsewhere = new TestServer({ region: "eu-west-1" });
    try {
      await elsewhere.start();
      const { client } = elsewhere;
      answered(await client.put("/here", located("eu-west-1")), 200);
      const { text } = answered(await client.get("/here?location"), 200);
      expect([xml(text).name, xml(text).text]).toEqual(["LocationConstraint", "eu-west-1"]);
      expect((await client.head("/here")).headers["x-amz-bucket-region"]).toBe("eu-west-1");
      refused(await client.put("/here", located("eu-west-1")), 409, "BucketAlreadyOwnedByYou");
    } finally {
      await elsewhere.stop();
    }
  });
});

describe("HeadBucket", () => {
  it("says where the bucket is", async () => {
    const { headers, text } = answered(await server.client.head(`/${await server.bucket()}`), 200);
    expect([headers["x-amz-bucket-region"], text]).toEqual(["us-east-1", ""]);
  });

  it("says 404 of what is not there, and 403 of what is somebody else's", async () => {
    const { client } = await server.account("Stranger");
    expect((await server.client.head("/nothing-here")).status).toBe(404);
    expect((await client.head(`/${await server.bucket()}`)).status).toBe(403);
  });

  it("is the same with a slash behind the name", async () => {
    const bucket = await server.bucket();
    answered(await server.client.head(`/${bucket}/`), 200);
    answered(await server.client.get(`/${bucket}/?list-type=2`), 200);
  });
});

describe("GetBucketLocation", () => {
  it("is empty in the first region", async () => {
    const { text } = answered(await server.client.get(`/${await server.bucket()}?location`), 200);
    expect(text).toContain('xmlns="http://s3.amazonaws.com/doc/2006-03-01/"');
    expect([xml(text).name, xml(text).text]).toEqual(["LocationConstraint", ""]);
  });
});

describe("DeleteBucket", () => {
  it("refuses a bucket that holds an object, and leaves both", async () => {
    const bucket = await server.bucket();
    answered(await server.client.put(`/${bucket}/k`), 200);
    const error = refused(await server.client.delete(`/${bucket}`), 409, "BucketNotEmpty");
    expect(error.get("BucketName")).toBe(bucket);
    answered(await server.client.get(`/${bucket}/k`), 200);
    answered(await server.client.delete(`/${bucket}/k`), 204);
    answered(await server.client.delete(`/${bucket}`), 204);
  });

  it("takes a bucket away, whose name can be used again for a bucket with nothing in it", async () => {
    const bucket = await server.bucket();
    const upload = await begin(server.client, `/${bucket}/k`);
    const { text } = answered(await server.client.delete(`/${bucket}`), 204);
    expect(text).toBe("");
    expect((await server.client.head(`/${bucket}`)).status).toBe(404);
    refused(await server.client.get(`/${bucket}/k`), 404, "NoSuchBucket");
    refused(await server.client.delete(`/${bucket}`), 404, "NoSuchBucket");
    answered(await server.client.put(`/${bucket}`), 200);
    expect(xml((await server.client.get(`/${bucket}`)).text).all("Contents")).toEqual([]);
    expect(xml((await server.client.get(`/${bucket}?uploads`)).text).all("Upload")).toEqual([]);
    refused(await server.client.get(`/${bucket}/k?uploadId=${upload}`), 404, "NoSuchUpload");
  });

  it("is refused to whoever does not own the bucket", async () => {
    const bucket = await server.bucket();
    const { client } = await server.account("Stranger");
    refused(await client.delete(`/${bucket}`), 403, "AccessDenied");
    answered(await server.client.head(`/${bucket}`), 200);
  });

  it("lets somebody else have the name afterwards", async () => {
    const bucket = await server.bucket();
    const { client } = await server.account("Successor");
    answered(await server.client.delete(`/${bucket}`), 204);
    answered(await client.put(`/${bucket}`), 200);
    expect((await server.client.head(`/${bucket}`)).status).toBe(403);
  });
});

describe("whoever expects a bucket to be somebody's", () => {
  it("is served if it is theirs, and refused if it is not", async () => {
    const { client, id } = await server.account("Owner");
    const bucket = await server.bucket(client);
    const [right, wrong] = [id, "0".repeat(64)].map((owner) => ({ "x-amz-expected-bucket-owner": owner }));
    answered(await client.put(`/${bucket}/k`, "bytes", right), 200);
    refused(await client.put(`/${bucket}/k`, "other", wrong), 403, "AccessDenied");
    refused(await client.get(`/${bucket}/k`, wrong), 403, "AccessDenied");
    refused(await client.delete(`/${bucket}/k`, wrong), 403, "AccessDenied");
    expect((await client.head(`/${bucket}`, wrong)).status).toBe(403);
    expect((await client.get(`/${bucket}/k`, right)).text).toBe("bytes");
  });
});
