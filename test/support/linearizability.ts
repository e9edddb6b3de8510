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
  | { reached: readonly Call<Input, Output>[]; left: Call<Input, Output>[] }
  | { undecided: true };

/** Places that a search may look at: beyond that, nobody waits for it. */
const MAX_PLACES = 500_000;

export function linearize<State, Input, Output>(
  specification: Specification<State, Input, Output>,
  history: readonly Call<Input, Output>[],
): Verdict<Input, Output> {
  const search = new Search(specification, history);
  const isFound = search.from(specification.initial);
  if (isFound === "too far") return { undecided: true };
  if (isFound) return { order: search.order };
  const { reached } = search;
  return { reached, left: history.filter((call) => !reached.includes(call)) };
}

class Search<State, Input, Output> {
  readonly order: Call<Input, Output>[] = [];
  reached: readonly Call<Input, Output>[] = [];
  readonly #specification: Specification<State, Input, Output>;
  readonly #calls: readonly Call<Input, Output>[];
  readonly #isDone: boolean[];
  readonly #states = new Map<string, number>();
  readonly #been = new Set<string>();

  constructor(specification: Specification<State, Input, Output>, history: readonly Call<Input, Output>[]) {
    this.#specification = specification;
    this.#calls = [...history].sort((a, b) => a.invoked - b.invoked);
    this.#isDone = this.#calls.map(() => false);
  }

  /** Whether what is left can follow on this state. */
  from(state: State): boolean | "too far" {
    const open = this.#calls.filter((_, i) => !this.#isDone[i]);
    const earliest = Math.min(...open.map(({ returned }) => returned));
    if (earliest === Number.POSITIVE_INFINITY) return true;
    const place = this.#place(state);
    if (this.#been.has(place)) return false;
    if (this.#been.size === MAX_PLACES) return "too far";
    this.#been.add(place);
    for (const i of this.#next(earliest)) {
      const call = this.#calls[i] as Call<Input, Output>;
      const next = this.#specification.step(state, call.input, call.output);
      if (next === undefined) continue;
      this.#isDone[i] = true;
      this.order.push(call);
      if (this.order.length > this.reached.length) this.reached = [...this.order];
      const isFound = this.from(next);
      if (isFound !== false) return isFound;
      this.order.pop();
      this.#isDone[i] = false;
    }
    return false;
  }

  /** Calls that may come next: none that began after another one had returned. What had to come soonest is tried first. */
  #next(earliest: number): number[] {
    const may = this.#calls.flatMap(({ invoked }, i) => (invoked <= earliest && !this.#isDone[i] ? [i] : []));
    const returned = (i: number) => this.#calls[i]?.returned ?? Number.POSITIVE_INFINITY;
    return may.sort((a, b) => (returned(a) < returned(b) ? -1 : Number(returned(a) > returned(b))));
  }

  #place(state: State): string {
    const text = this.#specification.identify(state);
    const number = this.#states.get(text) ?? this.#states.size;
    this.#states.set(text, number);
    const bits = this.#isDone.map(Number).join("");
    return `${BigInt(`0b1${bits}`).toString(36)} ${number}`;
  }
}
