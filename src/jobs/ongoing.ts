// Searches that go on from one step to the next: each lives in the memory of the very object that it began in, since only
// that one tells it of commits. Another object over the same index knows nothing of them, and begins anew.

/** After this time, in ms, nobody will go on with one any more. */
const ABANDONED_MS = 10 * 60 * 1000;

export class Ongoing<T extends { drop(): void }> {
  readonly #all = new WeakMap<object, Map<string, { value: T; used: number }>>();

  /** The one of this name, if `owner` has it; whoever takes it has to keep it again, or to drop it. */
  take(owner: object, id: string | undefined): T | undefined {
    const known = this.#all.get(owner);
    const found = id === undefined ? undefined : known?.get(id);
    if (id !== undefined) known?.delete(id);
    return found?.value;
  }

  /** Keeps one for its next step, and gives the name to ask for it by; `now` in ms since 1970. */
  keep(owner: object, value: T, now: number): string {
    const known = this.#all.get(owner) ?? new Map<string, { value: T; used: number }>();
    this.#all.set(owner, known);
    for (const [id, other] of known) {
      if (now - other.used < ABANDONED_MS) continue;
      other.value.drop();
      known.delete(id);
    }
    const id = crypto.randomUUID();
    known.set(id, { value, used: now });
    return id;
  }
}
