import { FenceWatch } from "./fence-watch.ts";
import { findFailures } from "./find-failures.ts";
import { type Command, type History, pick, rest } from "./history.ts";
import { KillableWorker } from "./killable-worker.ts";
import { ingest, requestFor, targetOf, unreadableRequestFor } from "./deliver-event.ts";
import type { Target } from "../../../supabase/functions/_shared/place-event.ts";
import type { ScratchDatabase } from "./scratch-database.ts";
import { nothingMade, operate, touch } from "./stripe-operations.ts";
import { openStripeWorld, type StripeWorld, type StripeWorldEvent } from "./stripe-world.ts";
import { type Received, run, type TaskName, TASKS, workerTasks } from "./worker-runs.ts";

const WAITS_SECONDS = [0, 0, 1, 1, 3, 9, 11, 12, 30, 120, 1800, 2 * 86_400, 31 * 86_400] as const;
const WORKERS = 3;
const DAY_SECONDS = 86_400;

/** What a history came to. */
export interface Outcome {
  /** Empty when everything holds. */
  failures: string[];
  /** What was done at Stripe, and what was about to happen when a worker was killed. */
  operations: string[];
  kills: string[];
  events: number;
  deliveries: Record<string, number>;
}

/** Plays a history against the database and looks whether everything is true in the end. */
export async function runHistory(database: ScratchDatabase, history: History): Promise<Outcome> {
  await database.reset();
  await database
    .admin`update payments_private.settings set verify_snapshots = ${history.verifySnapshots}`;
  const world = await openStripeWorld(history);
  try {
    return await new Play(database, world).play(history);
  } finally {
    await world.close();
  }
}

class Play {
  readonly #database: ScratchDatabase;
  readonly #world: StripeWorld;
  readonly #made = nothingMade();
  readonly #events: StripeWorldEvent[] = [];
  readonly #dropped: StripeWorldEvent[] = [];
  #undelivered: StripeWorldEvent[] = [];
  readonly #workers = Array.from({ length: WORKERS }, () => new KillableWorker());
  readonly #tasks = new Map<KillableWorker, TaskName>();
  readonly #fences: FenceWatch;
  readonly #received: Received = new Map();
  readonly #outcome: Outcome = {
    failures: [],
    operations: [],
    kills: [],
    events: 0,
    deliveries: {},
  };
  #nextCallFails = false;

  constructor(database: ScratchDatabase, world: StripeWorld) {
    this.#database = database;
    this.#world = world;
    this.#fences = new FenceWatch(database.admin);
  }

  async play({ commands, verifySnapshots }: History): Promise<Outcome> {
    for (const command of commands) await this.#obey(command);
    const sleepers = await this.#settle();
    // workers that slept through all of it wake now, past their leases
    for (const worker of sleepers) while (worker.isBusy) await worker.step();
    await this.#untilQuiet();
    const told = this.#events;
    this.#outcome.failures.push(
      ...this.#fences.failures,
      ...await findFailures({
        admin: this.#database.admin,
        stripe: this.#world.stripe,
        events: told,
        received: this.#received,
        timesAgree: verifySnapshots !== "always",
      }),
    );
    this.#outcome.events = told.length;
    return this.#outcome;
  }

  async #obey({ do: action, draw }: Command): Promise<void> {
    switch (action) {
      case "operate":
        return await this.#operate(draw);
      case "wait":
        return await this.#world.advance(pick(WAITS_SECONDS, draw));
      case "drop":
        return this.#drop(draw);
      case "step":
        return await this.#step(draw);
      case "kill_before":
      case "kill_after":
        return await this.#kill(action, draw);
      case "expire":
        return await this.#expire();
      case "interfere":
        return await this.#interfere(draw);
      case "overtake":
        return await this.#overtake(draw);
      case "cross":
        return await this.#cross(draw);
      case "fail":
        this.#nextCallFails = true;
        return;
      default:
        return await this.#deliver(action, draw);
    }
  }

  async #operate(draw: number): Promise<void> {
    const name = await operate(this.#world, this.#made, draw);
    if (name !== null) this.#outcome.operations.push(name);
    await this.#takeNewEvents();
  }

  /** The endpoint asks for handled types; one of another kind comes now and then all the same. */
  async #takeNewEvents(): Promise<void> {
    const events = await this.#world.newEvents();
    this.#events.push(...events);
    this.#undelivered.push(
      ...events.filter((event, index) => targetOf(event) !== null || index % 8 === 0),
    );
  }

  #drop(draw: number): void {
    if (this.#undelivered.length === 0) return;
    const event = pick(this.#undelivered, draw);
    if (this.#isLostForGood(event)) return;
    this.#undelivered = this.#undelivered.filter((other) => other !== event);
    this.#dropped.push(event);
  }

  /**
   * Stripe lists neither payment methods nor closed reviews of a whole account, so an outage longer than
   * events reach back would lose them: the one gap that is known.
   */
  #isLostForGood(event: StripeWorldEvent): boolean {
    const kind = targetOf(event)?.kind;
    return (kind === "payment_method" || kind === "review") &&
      event.created < Date.now() / 1000 - 29 * DAY_SECONDS;
  }

  /** Any that was not delivered yet; sometimes one that was. */
  async #deliver(action: Command["do"], draw: number): Promise<void> {
    const pool = this.#undelivered.length === 0 || draw < 0.15 ? this.#events : this.#undelivered;
    if (pool.length === 0) return;
    await this.#deliverOne(pick(pool, rest(draw, 7)), action);
  }

  async #deliverOne(event: StripeWorldEvent, action: Command["do"]): Promise<void> {
    const webhook = this.#database.as("payments_webhook");
    const request = action === "deliver_unreadable"
      ? unreadableRequestFor(event)
      : requestFor(event);
    if (action === "deliver_and_die") {
      return await this.#database.diesBeforeCommit("select payments.ingest_event($1)", [request]);
    }
    const copies = action === "deliver_twice" ? 2 : 1;
    const outcomes = await Promise.all(
      Array.from({ length: copies }, () => ingest(webhook, request)),
    );
    for (const outcome of outcomes) {
      this.#outcome.deliveries[outcome] = (this.#outcome.deliveries[outcome] ?? 0) + 1;
    }
    this.#undelivered = this.#undelivered.filter((other) => other !== event);
  }

  async #step(draw: number): Promise<void> {
    const worker = pick(this.#workers, draw);
    if (worker.isBusy) return await worker.step();
    const task = pick(
      [...TASKS, "retry", "refresh", "refresh", "refresh"] as const,
      rest(draw, WORKERS),
    );
    await this.#start(worker, task);
    await worker.step(); // a claim that finds nothing decides nothing
  }

  /** Between a worker's claim and its finish, its object changes and the event comes in. */
  async #interfere(draw: number): Promise<void> {
    const busy = this.#workers.filter((worker) => worker.isBusy);
    if (busy.length === 0) return;
    const worker = pick(busy, draw);
    const object = worker.subject;
    if (object === null) return;
    // to the near side of what the hot path believes, or beyond it
    await this.#world.advance(pick([0, 1, 12], rest(draw, 5)));
    await touch(this.#world, object, draw);
    const before = this.#events.length;
    await this.#takeNewEvents();
    if (rest(draw, 11) < 0.2) return;
    for (const event of this.#events.slice(before)) await this.#deliverOne(event, "deliver");
    while (rest(draw, 17) < 0.6 && worker.isBusy) await worker.step();
  }

  /** Time runs out for a worker in mid-run; another does what it was doing. */
  async #overtake(draw: number): Promise<void> {
    const sleeper = this.#workers.find((worker) => worker.nextStep.startsWith("finish")) ??
      this.#workers.find((worker) => worker.isBusy);
    const other = this.#workers.find((worker) => worker !== sleeper);
    if (sleeper === undefined || other === undefined) return;
    other.killBefore();
    await this.#expire();
    await this.#start(other, this.#tasks.get(sleeper) ?? "refresh");
    for (let steps = 0; steps < 2 + draw * 4 && other.isBusy; steps++) await other.step();
  }

  /** The older ticket sees the newer state, and the newer ticket finishes last. */
  async #cross(draw: number): Promise<void> {
    const first = this.#workers.find((worker) =>
      worker.nextStep.startsWith("/v1/") && worker.subject
    );
    const second = this.#workers.find((worker) => worker !== first);
    if (first?.subject === undefined || first.subject === null || second === undefined) return;
    second.killBefore();
    await this.#expire();
    await this.#start(second, "refresh");
    await second.step();
    await second.step();
    await touch(this.#world, first.subject, draw);
    while (first.isBusy) await first.step();
    while (second.isBusy) await second.step();
    await this.#takeNewEvents();
  }

  async #start(worker: KillableWorker, task: TaskName): Promise<void> {
    this.#tasks.set(worker, task);
    worker.subject = null;
    const parts = { ...this.#parts(), claimed: (object: Target) => void (worker.subject = object) };
    await worker.start((halt) => workerTasks(parts, halt, true)[task](run));
  }

  async #kill(action: "kill_before" | "kill_after", draw: number): Promise<void> {
    const busy = this.#workers.filter((worker) => worker.isBusy);
    if (busy.length === 0) return;
    const worker = pick(busy, draw);
    this.#outcome.kills.push(`${action} ${worker.nextStep.replace(/_?[A-Za-z]+_\w{10,}/, "")}`);
    if (action === "kill_before") worker.killBefore();
    else await worker.killAfter();
  }

  /** An hour passes for leases and pauses. */
  async #expire(): Promise<void> {
    await this.#database.admin.unsafe(EXPIRE);
  }

  /** Everything arrives that ever will, and what was lost is looked for. */
  async #settle(): Promise<KillableWorker[]> {
    await this.#world.catchUp();
    this.#nextCallFails = false;
    await this.#takeNewEvents();
    const sleepers = this.#workers.filter((worker) => worker.isBusy);
    const webhook = this.#database.as("payments_webhook");
    for (const event of this.#undelivered.splice(0)) await ingest(webhook, requestFor(event));
    await this.#expire();
    await this.#makeReconcileDue();
    await this.#untilQuiet(["reconcile", "retry", "refresh", "notify"]);
    return sleepers;
  }

  /** A day has passed; and an outage longer than events reach back needs the object scan, as it would get. */
  async #makeReconcileDue(): Promise<void> {
    const horizon = this.#world.now() - 29 * DAY_SECONDS;
    const lost = this.#dropped.some(({ created }) => created < horizon + 3600);
    await this.#database.admin`
      update payments_private.reconcile_runs set finished_at = null
      where mode = 'nightly' or (mode = 'scan' and ${lost})`;
  }

  async #untilQuiet(tasks: readonly TaskName[] = ["retry", "refresh", "notify"]): Promise<void> {
    const all = workerTasks(this.#parts(), (_label, act) => act(), false);
    for (let round = 0; round < 20; round++) {
      for (const task of round === 0 ? tasks : (["retry", "refresh", "notify"] as const)) {
        await all[task](run);
      }
      const [left] = await this.#database.admin<{ left: number }[]>`
        select ((select count(*) from payments_private.refresh_marks)
          + (select count(*) from payments_private.processed_events where status = 'retry')
          + (select count(*) from payments.outbox where state = 'pending'))::int as left`;
      if (left?.left === 0) return;
      await this.#expire();
    }
  }

  #parts() {
    return {
      database: this.#database,
      world: this.#world,
      fences: this.#fences,
      received: this.#received,
      fails: () => {
        const fails = this.#nextCallFails;
        this.#nextCallFails = false;
        return fails;
      },
    };
  }
}

const EXPIRE = `
update payments_private.refresh_marks set
  leased_until = leased_until - interval '2 hours', next_attempt_at = next_attempt_at - interval '2 hours';
update payments.outbox set
  leased_until = leased_until - interval '2 hours', next_attempt_at = next_attempt_at - interval '2 hours'
  where state = 'pending';
update payments_private.processed_events set
  leased_until = leased_until - interval '2 hours', next_attempt_at = next_attempt_at - interval '2 hours'
  where status = 'retry';
update payments_private.reconcile_runs set leased_until = leased_until - interval '2 hours';
`;
