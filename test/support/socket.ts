// A client without manners: it says what it likes about its body, sends what it likes, and hangs up when it likes.

import { connect } from "node:net";
import { CALL_MS } from "./client.ts";

export interface Speech {
  method: string;
  path: string;
  /** All of them: nothing is added. */
  headers: Record<string, string>;
  /** What follows the headers, as it goes over the wire. */
  body?: Uint8Array;
  /** Hang up as soon as all is sent, and wait until the other side has noticed. */
  hangUp?: boolean;
}

/** Says it, and gives what came back until the other side had said a whole answer, or had hung up. */
export function speak(url: string, { method, path, headers, body, hangUp = false }: Speech): Promise<string> {
  const { hostname, port } = new URL(url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1");
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const timer = setTimeout(() => socket.destroy(new Error("no answer in time")), CALL_MS);
    let heard = "";
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(heard);
    };
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      heard += text;
      if (isWhole(heard) && !hangUp) done();
    });
    socket.on("error", (error) => {
      clearTimeout(timer);
      if (heard === "" && !hangUp) reject(error);
      else resolve(heard);
    });
    socket.on("close", done);
    socket.write(body === undefined ? head : Buffer.concat([head, body]), () => {
      if (hangUp) socket.end();
    });
  });
}

/** Whether a final answer has come with as many bytes as it announced. */
function isWhole(heard: string): boolean {
  const start = heard.startsWith("HTTP/1.1 100") ? heard.indexOf("\r\n\r\n") + 4 : 0;
  const end = heard.indexOf("\r\n\r\n", start);
  if (end < 0) return false;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(heard.slice(start, end))?.[1] ?? 0);
  return Buffer.byteLength(heard.slice(end + 4)) >= length;
}

/** The status of an answer, and the code of S3's error in it. */
export function verdictOf(heard: string): [status: number, code: string | undefined] {
  const status = Number(
    /^HTTP\/1\.1 (\d{3})/.exec(heard.replace(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/, ""))?.[1] ?? 0,
  );
  return [status, /<Code>(\w+)<\/Code>/.exec(heard)?.[1]];
}
