// How many small questions are asked of R2 together: a few tens at a time.

const AT_ONCE = 25;

/** Those of which `holds` is true, in order. */
export async function inTens<T>(all: readonly T[], holds: (one: T) => Promise<boolean>): Promise<T[]> {
  const kept: T[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    const some = all.slice(at, at + AT_ONCE);
    const answers = await Promise.all(some.map(holds));
    kept.push(...some.filter((_, i) => answers[i]));
  }
  return kept;
}
