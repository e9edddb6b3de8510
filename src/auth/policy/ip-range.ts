// Addresses and ranges of them, of both families, as IpAddress conditions compare them.
// Source: https://www.rfc-editor.org/rfc/rfc4632 and https://www.rfc-editor.org/rfc/rfc4291#section-2.2

export interface IpRange {
  /** 32 or 128: the length of an address, which tells the family. */
  bits: 32 | 128;
  /** The first `prefix` bits of an address. */
  network: bigint;
  prefix: number;
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const GROUP = /^[0-9a-fA-F]{1,4}$/;
const GROUPS = 8;
/** `::ffff:0:0/96`: an IPv4 address in the dress of an IPv6 one. */
const MAPPED = 0xffffn;

function readIpv4(text: string): bigint | undefined {
  const octets = IPV4.exec(text)?.slice(1).map(Number);
  if (octets === undefined || octets.some((octet) => octet > 255)) return undefined;
  return octets.reduce((address, octet) => (address << 8n) | BigInt(octet), 0n);
}

/** The groups between colons; an IPv4 address at the end makes two. */
function readGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const ipv4 = readIpv4(parts.at(-1) ?? "");
  if (ipv4 !== undefined) parts.splice(-1, 1, (ipv4 >> 16n).toString(16), (ipv4 & 0xffffn).toString(16));
  return parts.every((part) => GROUP.test(part)) ? parts.map((part) => Number.parseInt(part, 16)) : undefined;
}

function readIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  const [head, tail] = halves.map(readGroups);
  if (head === undefined || halves.length > 2) return undefined;
  if (halves.length === 2 && (tail === undefined || halves[0]?.includes("."))) return undefined;
  const missing = GROUPS - head.length - (tail?.length ?? 0);
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...(tail ?? [])];
  return groups.reduce((address, group) => (address << 16n) | BigInt(group), 0n);
}

/** An address, or an address with the length of its prefix, e.g. `203.0.113.0/24`, `2001:db8::/32`; undefined: neither. */
export function readIpRange(text: string): IpRange | undefined {
  const [, address = "", length] = /^([0-9a-fA-F:.]{2,45})(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const ipv4 = readIpv4(address);
  const value = ipv4 ?? readIpv6(address);
  if (value === undefined) return undefined;
  const bits = ipv4 === undefined ? 128 : 32;
  const prefix = Number(length ?? bits);
  if (prefix > bits) return undefined;
  if (bits === 128 && value >> 32n === MAPPED && prefix >= 96) {
    return { bits: 32, network: (value & 0xffffffffn) >> BigInt(128 - prefix), prefix: prefix - 96 };
  }
  return { bits, network: value >> BigInt(bits - prefix), prefix };
}

/** Whether everything in `inner` is in `outer`, too. */
export function isWithin(inner: IpRange, outer: IpRange): boolean {
  return (
    inner.bits === outer.bits &&
    inner.prefix >= outer.prefix &&
    inner.network >> BigInt(inner.prefix - outer.prefix) === outer.network
  );
}
