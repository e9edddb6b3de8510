// A keep-alive HTTP/1.1 connection that costs its user next to nothing: requests are buffers made beforehand, and of an
// answer only its status and length are looked at.

import net from "node:net";
import tls from "node:tls";

/** A request as it goes over the wire. */
export interface Wire {
  /** From the request line to the empty line. */
  head: Buffer;
  body?: Buffer;
  /** An answer to HEAD has no body, whatever it announces. */
  isHead: boolean;
}

export interface Heard {
  status: number;
  /** Of the body. */
  bytes: number;
  /** Headers as they came, and the body if it was to be kept or the status is none of success. */
  head: string;
  text: string;
}

/** One buffer for all that arrives: nothing is allocated an answer. */
const READ_BYTES = 512 * 1024;

/** Of a body that was not asked for, to show what went wrong. */
const KEPT_BYTES = 4096;

const TIMEOUT_MS = 120_000;

interface Waiting {
  isHead: boolean;
  keep: boolean;
  done(heard: Heard): void;
  failed(error: Error): void;
}

export class Connection {
  readonly #url: URL;
  #socket: net.Socket | undefined;
  #parser: AnswerParser | undefined;
  #waiting: Waiting | undefined;

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** Sends one request and hears its answer out; the next may follow only then. `keep`: its body is wanted as text. */
  send(wire: Wire, keep = false): Promise<Heard> {
    return new Promise((done, failed) => {
      const socket = this.#open();
      this.#waiting = { isHead: wire.isHead, keep, done, failed };
      this.#parser = new AnswerParser(wire.isHead, keep);
      socket.cork();
      socket.write(wire.head);
      if (wire.body !== undefined) socket.write(wire.body);
      socket.uncork();
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): net.Socket {
    if (this.#socket !== undefined) return this.#socket;
    const { hostname, protocol } = this.#url;
    const secure = protocol === "https:";
    const port = Number(this.#url.port) || (secure ? 443 : 80);
    const hear = (bytes: Buffer) => this.#hear(bytes);
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const onread = { buffer, callback: (length: number) => hear(buffer.subarray(0, length)) };
    const socket = secure
      ? tls.connect({ host: hostname, port, servername: hostname })
      : // Its types want a plain Uint8Array back; true goes on reading.
        net.connect({ host: hostname, port, onread });
    if (secure) socket.on("data", hear);
    socket.setNoDelay(true);
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error("no answer in time")));
    socket.on("error", (error) => this.#lose(socket, error));
    socket.on("close", () => this.#lose(socket, new Error("the connection was closed before an answer")));
    this.#socket = socket;
    return socket;
  }

  #hear(bytes: Buffer): true {
    const heard = this.#parser?.push(bytes);
    if (heard === undefined) return true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#parser = undefined;
    if (/\r\nconnection: *close/i.test(heard.head)) this.close();
    waiting?.done(heard);
    return true;
  }

  #lose(socket: net.Socket, error: Error): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.failed(error);
  }
}

/** Hears one answer, however it is cut; gives it once it is whole. */
export class AnswerParser {
  readonly #isHead: boolean;
  readonly #keep: boolean;
  #head: string | undefined;
  #status = 0;
  /** The beginning of what is not yet whole: headers, or the size line of a chunk. */
  #partial: Buffer | undefined;
  #left = 0;
  #chunked = false;
  #bytes = 0;
  #kept: Buffer[] = [];
  #keptBytes = 0;

  constructor(isHead: boolean, keep: boolean) {
    this.#isHead = isHead;
    this.#keep = keep;
  }

  push(bytes: Buffer): Heard | undefined {
    const whole = this.#partial === undefined ? bytes : Buffer.concat([this.#partial, bytes]);
    this.#partial = undefined;
    const rest = this.#head === undefined ? this.#readHead(whole) : whole;
    if (rest === undefined) return undefined;
    return this.#chunked ? this.#pushChunks(rest) : this.#pushPlain(rest);
  }

  /** Gives what follows the headers, once they are whole. */
  #readHead(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) {
      this.#partial = Buffer.from(bytes);
      return undefined;
    }
    const head = bytes.toString("latin1", 0, end);
    const rest = bytes.subarray(end + 4);
    const status = Number(head.slice(9, 12));
    if (status < 200) return rest.length === 0 ? undefined : this.#readHead(rest);
    this.#head = head;
    this.#status = status;
    if (this.#isHead || status === 204 || status === 304) return rest;
    this.#chunked = /\r\ntransfer-encoding: *chunked/i.test(head);
    this.#left = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    return rest;
  }

  #pushPlain(bytes: Buffer): Heard | undefined {
    this.#take(bytes.subarray(0, this.#left));
    this.#left -= Math.min(this.#left, bytes.length);
    return this.#left === 0 ? this.#heard() : undefined;
  }

  #pushChunks(bytes: Buffer): Heard | undefined {
    let rest = bytes;
    for (;;) {
      if (this.#left > 0) {
        // The two bytes behind a chunk belong to it, and are not taken.
        const part = rest.subarray(0, this.#left);
        this.#take(part.subarray(0, Math.max(0, this.#left - 2)));
        this.#left -= part.length;
        rest = rest.subarray(part.length);
        if (this.#left > 0) return undefined;
      }
      const end = rest.indexOf("\r\n");
      const size = end < 0 ? Number.NaN : Number.parseInt(rest.toString("latin1", 0, end), 16);
      // Nobody sends trailers here, so the end is an empty line.
      if (end < 0 || (size === 0 && rest.length < end + 4)) {
        this.#partial = Buffer.from(rest);
        return undefined;
      }
      if (size === 0) return this.#heard();
      this.#left = size + 2;
      rest = rest.subarray(end + 2);
    }
  }

  #take(bytes: Buffer): void {
    this.#bytes += bytes.length;
    const wanted = this.#keep || this.#status >= 300;
    if (!wanted || (!this.#keep && this.#keptBytes > KEPT_BYTES)) return;
    this.#kept.push(Buffer.from(bytes));
    this.#keptBytes += bytes.length;
  }

  #heard(): Heard {
    const text = this.#kept.length === 0 ? "" : Buffer.concat(this.#kept).toString("utf8");
    return { status: this.#status, bytes: this.#bytes, head: this.#head ?? "", text };
  }
}
