// Which hosts and ports a server may listen on: what counts as loopback, how a host is written in a URL, and whether a port is free.

import { once } from "node:events";
import { BlockList, createServer, isIP } from "node:net";
import { errorCode, Failure, reason } from "./failure.ts";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Whether only this machine can reach a host: 127.0.0.0/8, ::1 (in any spelling), localhost. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  const family = isIP(bare);
  if (family === 0) return bare.toLowerCase() === "localhost";
  return LOOPBACK.check(bare, family === 6 ? "ipv6" : "ipv4");
}

/** `host:port` as a URL spells it. */
export function authority(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** Where a client on this machine reaches a server on `host`: one that listens everywhere is reached on loopback. */
export function reachable(host: string): string {
  if (isIP(host) === 0) return host;
  if (/^0+(\.0+)*$/.test(host)) return "127.0.0.1";
  return /^[0:]+$/.test(host) ? "::1" : host;
}

/** Refuses in plain words what workerd would refuse in a stack trace. */
export async function assertPortFree(host: string, port: number): Promise<void> {
  const probe = createServer();
  try {
    probe.listen({ host, port, exclusive: true });
    await once(probe, "listening");
  } catch (error) {
    throw portFailure(host, port, error);
  } finally {
    probe.close();
  }
}

export function portFailure(host: string, port: number, error: unknown): Failure {
  const taken = errorCode(error) === "ERR_ADDRESS_IN_USE";
  const why = taken ? "it is already in use" : reason(error);
  return new Failure(`cannot listen on ${authority(host, port)}: ${why}`);
}
