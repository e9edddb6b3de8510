// Chance that can be had again: a generator of numbers from a seed (mulberry32), and picks made with it.

export interface Random {
  readonly seed: number;
  /** From 0 up to, not including, 1. */
  next(): number;
  /** From 0 up to, not including, `below`. */
  integer(below: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** Texts joined, `least` to `most` of them. */
  text(pieces: readonly [string, ...string[]], least: number, most: number): string;
}

/** `PORTICO_SEED` in the environment repeats an earlier run; otherwise the seed is what the test says. */
export function seeded(fallback: number): Random {
  const seed = Number(process.env.PORTICO_SEED ?? fallback);
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (below: number) => Math.floor(next() * below);
  const pick = <T>(items: readonly [T, ...T[]]): T => items[integer(items.length)] ?? items[0];
  return {
    seed,
    next,
    integer,
    pick,
    text: (pieces, least, most) =>
      Array.from({ length: least + integer(most - least + 1) }, () => pick(pieces)).join(""),
  };
}
