// Whether a history of calls that overlapped can have happened one after the other: a search after Wing and Gong, which
// remembers where it has been, as Porcupine does.

/** A call as its client saw it. Times of one clock. `output` undefined, `returned` Infinity: no answer came, and it may have happened or not. */
export interface Call<Input, Output> {
  client: string;
  input: Input;
  output: Output | undefined;
  invoked: number;
  returned: number;
}

/** What calls do when they come one after the other. */
export interface Specification<State, Input, Output> {
  initial: State;
  /** The state after a call that was answered so (undefined: in whatever way); undefined if it cannot be answered so. */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** The same text for the same state. */
  identify(state: State): string;
}

/** An order in which all that was answered can have happened; or, if there is none, how far the longest attempt came. */
export type Verdict<Input, Output> =
  | { order: Call<Input, Output>[] }
  | { reached: Call<Input, Output>[]; left: Call<Input, Output>[] };

export function linearize<State, Input, Output>(
  { initial, step, identify }: Specification<State, Input, Output>,
  history: readonly Call<Input, Output>[],
): Verdict<Input, Output> {
  const calls = [...history].sort((a, b) => a.invoked - b.invoked);
  const done = calls.map(() => false);
  const order: Call<Input, Output>[] = [];
  let reached: Call<Input, Output>[] = [];
  const been = new Set<string>();

  const search = (state: State): boolean => {
    const open = calls.filter((_, i) => !done[i]);
    const earliest = Math.min(...open.map(({ returned }) => returned));
    if (earliest === Number.POSITIVE_INFINITY) return true;
    const place = `${done.map(Number).join("")} ${identify(state)}`;
    if (been.has(place)) return false;
    been.add(place);
    for (const [i, call] of calls.entries()) {
      // What began after another call had returned comes after it.
      if (call.invoked > earliest) break;
      if (done[i]) continue;
      const next = step(state, call.input, call.output);
      if (next === undefined) continue;
      done[i] = true;
      order.push(call);
      if (order.length > reached.length) reached = [...order];
      if (search(next)) return true;
      order.pop();
      done[i] = false;
    }
    return false;
  };

  if (search(initial)) return { order };
  return { reached, left: calls.filter((call) => !reached.includes(call)) };
}
