// A request's headers, read from the platform at once: dozens of questions are asked of them, most for what is not there.

/** What is asked of headers. Names are in lower case; of a repeated one the values stand together, with commas between. */
export interface ReadHeaders {
  get(name: string): string | null;
  has(name: string): boolean;
  keys(): Iterable<string>;
  entries(): Iterable<[name: string, value: string]>;
}

/** Headers as they were sent. The platform answers each question of its own ones in about a microsecond. */
export class SentHeaders implements ReadHeaders {
  readonly #values = new Map<string, string>();

  constructor(headers: Headers) {
    for (const [name, value] of headers) {
      const before = this.#values.get(name);
      this.#values.set(name, before === undefined ? value : `${before}, ${value}`);
    }
  }

  get(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  keys(): Iterable<string> {
    return this.#values.keys();
  }

  entries(): Iterable<[string, string]> {
    return this.#values.entries();
  }
}
