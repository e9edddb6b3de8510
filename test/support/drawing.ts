// Numbers that look drawn by lot and follow from a seed, so that a failure can be had again.

/** Gives whole numbers from 0 to below `most`. */
export function drawing(seed: number): (most: number) => number {
  let state = Math.imul(seed + 1, 2_654_435_761) >>> 0;
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}
