// The Durable Object of a bucket: a shell that lets index/ act for whoever still knows the bucket rightly.

import { DurableObject } from "cloudflare:workers";
import { type Env, type Unready, worldOf } from "./config.ts";
import type { FsckAnswer, FsckRequest } from "./facts/fsck.ts";
import type { SweepAnswer, SweepRequest } from "./facts/litter.ts";
import { beginRound, endRound, startJobs, wakeAlarm } from "./index/alarm.ts";
import { commitPut, commitRemove } from "./index/commit.ts";
import { makeGroup } from "./index/group.ts";
import { housekeeping } from "./index/housekeeping.ts";
import { adoptJournal } from "./index/journal.ts";
import { listBucket } from "./index/listing.ts";
import { discard } from "./index/litter.ts";
import { commitMark } from "./index/mark.ts";
import { admit, adoptGeneration, closeBucket, openBucket, openIndex } from "./index/open.ts";
import type {
  Asker,
  BucketIndexCalls,
  DiscardRequest,
  ForbidRequest,
  ListRequest,
  MarkRequest,
  Moved,
  Mutator,
  OutcomeRequest,
  PutRequest,
  ReadRequest,
  RebuildAnswer,
  RebuildRequest,
  RemoveRequest,
  RenameRequest,
  Rows,
} from "./index/protocol.ts";
import { readVersion } from "./index/read.ts";
import { rebuildIndex } from "./index/rebuild.ts";
import { commitRename } from "./index/rename.ts";
import type { Index } from "./index/tables.ts";
import { commitForbid, uploadOutcome } from "./index/uploads.ts";
import { fsckStep } from "./jobs/fsck.ts";
import { dailyJobs, leftoverJobs, runRound } from "./jobs/round.ts";
import { ship } from "./jobs/ship.ts";
import { sweepStep } from "./jobs/sweep.ts";
import { freshMemory, type World } from "./world.ts";

const memory = freshMemory();

/** Steps of the job that ships the journal, before it is given up that it will tell all. */
const MAX_TELL_STEPS = 20;

/** Methods answer `Moved` instead of acting for a caller whose knowledge of the bucket is out of date. */
export class BucketIndex extends DurableObject implements BucketIndexCalls {
  readonly #index: Index;
  readonly #commit: <Answer>(act: () => Answer) => Promise<Answer>;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#index = openIndex(ctx.storage, () => this.now());
    this.#commit = makeGroup(this.#index);
    ctx.blockConcurrencyWhile(async () => {
      wakeAlarm(this.#index, (await ctx.storage.getAlarm()) ?? undefined);
      // An object that its alarm woke may not know its name.
      if (ctx.id.name !== undefined) adoptJournal(this.#index, ctx.id.name);
    });
  }

  /** The index's clock, in ms since 1970. */
  protected now(): number {
    return Date.now();
  }

  /** The World in which the alarm's jobs act. */
  protected world(): World | Unready {
    const waitUntil = (work: Promise<unknown>) => this.ctx.waitUntil(work);
    return worldOf(this.env as unknown as Env, { memory, waitUntil, now: () => this.now() });
  }

  override async alarm(): Promise<void> {
    beginRound(this.#index);
    const world = this.world();
    if ("unready" in world) return;
    endRound(this.#index, await runRound(world, housekeeping(this.#index)));
  }

  #world(): World {
    const world = this.world();
    if ("unready" in world) throw new Error(world.unready);
    return world;
  }

  async open(bucket?: string): Promise<void> {
    openBucket(this.#index, bucket ?? this.ctx.id.name);
  }

  async close(bucket?: string): Promise<{ closed: boolean } | Moved> {
    return closeBucket(this.#index, bucket ?? this.ctx.id.name);
  }

  async read(asker: Asker, request: ReadRequest) {
    return this.#act(asker, (index) => readVersion(index, request));
  }

  async list(asker: Asker, request: ListRequest) {
    return this.#act(asker, (index) => listBucket(index, request));
  }

  async put(mutator: Mutator, request: PutRequest) {
    return this.#commit(() => this.#act(mutator, (index) => commitPut(index, mutator, request)));
  }

  async remove(mutator: Mutator, request: RemoveRequest) {
    return this.#commit(() => this.#act(mutator, (index) => commitRemove(index, mutator, request)));
  }

  async rename(mutator: Mutator, request: RenameRequest) {
    return this.#commit(() => this.#act(mutator, (index) => commitRename(index, mutator, request)));
  }

  async mark(mutator: Mutator, request: MarkRequest) {
    return this.#commit(() => this.#act(mutator, (index) => commitMark(index, mutator, request)));
  }

  async forbid(mutator: Mutator, request: ForbidRequest) {
    return this.#commit(() => this.#act(mutator, (index) => commitForbid(index, mutator, request)));
  }

  async outcome(asker: Asker, request: OutcomeRequest) {
    return this.#act(asker, (index) => uploadOutcome(index, request));
  }

  /** Litter may be handed to a closed index too: it stays until its litter is gone. */
  async discard({ upload, blobs }: DiscardRequest): Promise<void> {
    discard(this.#index, upload, blobs);
  }

  async adopt(generation: number): Promise<void> {
    adoptGeneration(this.#index, generation);
  }

  async tell() {
    const house = housekeeping(this.#index);
    for (let steps = 0; steps < MAX_TELL_STEPS && this.#index.tail.untold > 0; steps++) {
      await ship.step(this.#world(), house, "");
    }
    return { next: this.#index.journal?.next };
  }

  async tend(bucket: string) {
    adoptJournal(this.#index, bucket);
    const { phase } = this.#index.state;
    if (phase === "open") startJobs(this.#index, dailyJobs(bucket));
    return { phase };
  }

  async sweep(request: SweepRequest): Promise<SweepAnswer> {
    return sweepStep(this.#world(), housekeeping(this.#index), request);
  }

  async leftover(bucket: string) {
    const { phase } = this.#index.state;
    if (phase === "closed") startJobs(this.#index, leftoverJobs(bucket, this.now()));
    return { phase };
  }

  async fsck(request: FsckRequest): Promise<FsckAnswer> {
    return fsckStep(this.#world(), housekeeping(this.#index), request);
  }

  async rebuild(request: RebuildRequest): Promise<RebuildAnswer> {
    return rebuildIndex(this.#index, request);
  }

  async rows(): Promise<Rows> {
    return this.#index.rows;
  }

  #act<Answer>(asker: Asker, act: (index: Index) => Answer): Answer | Moved {
    this.#index.rows.calls += 1;
    return admit(this.#index, asker) ?? act(this.#index);
  }
}
