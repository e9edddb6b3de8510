// A Worker that digests as many MiB as it is asked to, in pieces as large as a body's: `/CRC32?MiB=100`.

import { createDigest, hex } from "../../src/body/digest.ts";
import { CHECKSUM_ALGORITHMS } from "../../src/facts/checksum.ts";

const PIECE_BYTES = 64 * 1024;
const PIECES_A_MIB = 16;

function fetch(request: Request): Response {
  const { pathname, searchParams } = new URL(request.url);
  const algorithm = CHECKSUM_ALGORITHMS.find((name) => `/${name}` === pathname);
  if (algorithm === undefined) return new Response(null, { status: 404 });
  const piece = Uint8Array.from({ length: PIECE_BYTES }, (_, at) => (at * 197 + (at >>> 8)) & 255);
  const digest = createDigest(algorithm);
  const pieces = PIECES_A_MIB * Number(searchParams.get("MiB"));
  for (let sent = 0; sent < pieces; sent++) digest.update(piece);
  return new Response(hex(digest.digest()));
}

export default { fetch } satisfies ExportedHandler;
