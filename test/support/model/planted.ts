// Bugs planted on purpose between client and server, each of a kind that a store without a common transaction might have:
// whoever finds none of them would find nothing.

import type { Answer } from "../client.ts";
import type { Send } from "./history.ts";
import type { OperationName } from "./s3.ts";
import type { Call } from "./state.ts";
import { send } from "./wire.ts";

const place = ({ bucket, key }: Call): string => `${bucket}/${key}`;

/** A bug: how calls go out, anew for each history, and the operations that it shows in. */
interface Planted {
  operations: readonly OperationName[];
  plant(): Send;
}

export const PLANTED: Record<string, Planted> = {
  "a delete marker is acknowledged, and never made": {
    operations: ["PutObject", "DeleteObject", "GetObject", "ListObjectVersions"],
    plant: () => async (client, call, transport) => {
      const real = await send(client, call, transport);
      if (call.op !== "DeleteObject" || real.headers["x-amz-delete-marker"] !== "true") return real;
      if (call.query.versionId !== undefined) return real;
      const versionId = String(real.headers["x-amz-version-id"]);
      await send(client, { ...call, headers: {}, query: { versionId } }, {});
      return real;
    },
  },
  "a read is answered from what was read before": {
    operations: ["PutObject", "DeleteObject", "GetObject", "CopyObject"],
    plant: () => {
      const read = new Map<string, Answer>();
      return async (client, call, transport) => {
        const plain = Object.keys({ ...call.query, ...call.headers }).length === 0;
        if (call.op !== "GetObject" || !plain) return send(client, call, transport);
        const before = read.get(place(call));
        if (before !== undefined) return before;
        const now = await send(client, call, transport);
        if (now.status === 200) read.set(place(call), now);
        return now;
      };
    },
  },
  "an acknowledged write of 1,024 bytes is lost": {
    operations: ["PutObject", "DeleteObject", "GetObject", "CopyObject"],
    plant: () => async (client, call, transport) => {
      const isLost = call.op === "PutObject" && call.body?.length === 1024;
      if (!isLost || call.headers["if-match"] || call.headers["if-none-match"]) {
        return send(client, call, transport);
      }
      const lost = { bucket: call.bucket, key: `${call.key}.lost` };
      const real = await send(client, { ...call, ...lost }, transport);
      const versionId = String(real.headers["x-amz-version-id"] ?? "null");
      // Without the body: node sends one of a DELETE unannounced, and the server takes it for the next request.
      await send(client, { ...lost, op: "DeleteObject", headers: {}, query: { versionId } }, {});
      return real;
    },
  },
  "a page of a listing leaves its first entry out, if it is not the first page": {
    operations: ["PutObject", "DeleteObjects", "CopyObject", "ListObjectsV2"],
    plant: () => async (client, call, transport) => {
      const real = await send(client, call, transport);
      if (call.op !== "ListObjectsV2" || call.query["continuation-token"] === undefined) return real;
      return { ...real, text: real.text.replace(/<Contents>.*?<\/Contents>/s, "") };
    },
  },
};
