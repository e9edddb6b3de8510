// Random bytes for names that nobody can guess. A supply of them is made at once: one call of the platform's own costs
// as much for 4 KiB as for eight bytes.

const SUPPLY_BYTES = 4096;

let supply = new Uint8Array(0);
let used = 0;

/** `count` bytes, at most `SUPPLY_BYTES`, that nobody else is given. From the platform's cryptographic generator. */
export function freshBytes(count: number): Uint8Array<ArrayBuffer> {
  if (used + count > supply.byteLength) {
    supply = crypto.getRandomValues(new Uint8Array(SUPPLY_BYTES));
    used = 0;
  }
  used += count;
  return supply.slice(used - count, used);
}
