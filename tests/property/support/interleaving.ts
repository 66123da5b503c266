// Random orders of what requests for a checkout, Stripe, the customer and time do.
import { seededRandom } from "../../../dev/stripe-twin/engine/ids.ts";
import { type Answer, type CheckoutWorld, type Lost, WISHES } from "./checkout-world.ts";
import { pick, rest } from "./history.ts";
import { KillableWorker } from "./killable-worker.ts";
import type { StripeWorldEvent } from "./stripe-world.ts";

const REQUESTS_AT_ONCE = 3;

/** What may happen, and how often. */
const WEIGHTS = {
  /** Another request, if fewer than three are on their way, goes to its first call. */
  ask: 12,
  /** A request makes its next call. */
  step: 40,
  /** The function dies before its next call, or after it. */
  kill_before: 2,
  kill_after: 3,
  /** The next call, or its answer, gets lost: the function sees a time-out. */
  lose_request: 3,
  lose_answer: 5,
  /** Somebody pays an open session; not only one whose link was handed out. */
  pay: 5,
  /** A session is expired at Stripe. */
  expire: 3,
  /** An event arrives, in any order, or again. */
  deliver: 14,
  /** The worker fetches what was marked. */
  refresh: 3,
  /** The time of all reservations is over. */
  pass_time: 2,
} as const;

export type Deed = keyof typeof WEIGHTS;

export interface Step {
  do: Deed;
  /** 0 up to, not including, 1: decides everything about it. */
  draw: number;
}

export interface Interleaving {
  seed: number;
  steps: Step[];
}

export function generateInterleaving(seed: number): Interleaving {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ 0x2545f491);
  for (let index = 0; index < 4; index++) random();
  return {
    seed,
    steps: Array.from({ length: 30 + Math.floor(random() * 50) }, () => ({
      do: drawDeed(random()),
      draw: random(),
    })),
  };
}

function drawDeed(draw: number): Deed {
  const deeds = Object.entries(WEIGHTS) as [Deed, number][];
  let left = draw * deeds.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [deed, weight] of deeds) {
    if (left < weight) return deed;
    left -= weight;
  }
  return "step";
}

/**
 * The smallest interleaving that still fails, as a person reads it: single steps are taken away until
 * none can be. It is played again for each try.
 */
export async function explainInterleaving(
  world: CheckoutWorld,
  { seed, steps }: Interleaving,
  triesAtMost = 60,
): Promise<string> {
  let best = steps;
  let tries = 0;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < best.length && tries++ < triesAtMost;) {
      const fewer = best.toSpliced(start, size);
      const { failures } = await playInterleaving(world, { seed, steps: fewer });
      if (failures.length > 0) best = fewer;
      else start += size;
    }
  }
  const { failures, story } = await playInterleaving(world, { seed, steps: best });
  return [`seed ${seed}`, ...failures.map((one) => `  ${one}`), "it takes:", ...story].join("\n");
}

/** What an interleaving came to. */
export interface Played {
  failures: string[];
  /** What happened, for people. */
  story: string[];
  answers: Answer[];
  /** The calls before or after which a request was killed or saw a time-out. */
  broken: string[];
}

/** Plays it for a new user, then lets everything settle, pays what can still be paid, and looks. */
export async function playInterleaving(
  world: CheckoutWorld,
  { steps }: Interleaving,
): Promise<Played> {
  await world.newUser();
  const play = new Play(world);
  for (const step of steps) {
    await play.obey(step);
    if (play.failures.length > 0) break;
  }
  if (play.failures.length === 0) await play.settle();
  return play;
}

class Play implements Played {
  readonly failures: string[] = [];
  readonly story: string[] = [];
  readonly answers: Answer[] = [];
  readonly broken: string[] = [];
  readonly #world: CheckoutWorld;
  readonly #requests = Array.from({ length: REQUESTS_AT_ONCE }, () => new KillableWorker());
  readonly #told: StripeWorldEvent[] = [];
  #untold: StripeWorldEvent[] = [];
  #lost: Lost = "nothing";

  constructor(world: CheckoutWorld) {
    this.#world = world;
  }

  async obey({ do: deed, draw }: Step): Promise<void> {
    switch (deed) {
      case "ask":
        return await this.#ask(draw);
      case "step":
        return await this.#withOne(draw, deed, (request) => request.step());
      case "kill_before":
        return await this.#withOne(draw, deed, (request) => {
          this.broken.push(request.nextStep);
          return Promise.resolve(request.killBefore());
        });
      case "kill_after":
        return await this.#withOne(draw, deed, (request) => {
          this.broken.push(request.nextStep);
          return request.killAfter();
        });
      case "lose_request":
      case "lose_answer":
        return await this.#withOne(draw, deed, (request) => {
          this.broken.push(request.nextStep);
          this.#lost = deed === "lose_request" ? "request" : "answer";
          return request.step();
        });
      case "pay":
        return await this.#pay(draw);
      case "expire":
        return await this.#expire(draw);
      case "deliver":
        return await this.#deliver(draw);
      case "refresh":
        this.story.push("  the worker fetches");
        return await this.#world.refresh();
      case "pass_time":
        this.story.push("  half an hour goes by");
        return await this.#world.passTime();
    }
  }

  async #ask(draw: number): Promise<void> {
    const idle = this.#requests.find((request) => !request.isBusy);
    const wish = pick(WISHES, draw);
    if (idle !== undefined) {
      this.story.push(`  request ${this.#requests.indexOf(idle) + 1}: asks for ${wish.price}`);
    }
    await idle?.start((halt) => this.#answered(this.#world.ask(halt, wish, this.#takeLoss)));
  }

  readonly #takeLoss = (): Lost => {
    const lost = this.#lost;
    this.#lost = "nothing";
    return lost;
  };

  async #answered(answer: Promise<Answer>): Promise<void> {
    try {
      const given = await answer;
      this.answers.push(given);
      this.story.push(`    hears ${JSON.stringify(given)}`);
    } catch (error) {
      this.failures.push(`a request failed with ${String(error)}`);
    }
  }

  async #withOne(
    draw: number,
    deed: Deed,
    act: (request: KillableWorker) => Promise<void>,
  ): Promise<void> {
    const busy = this.#requests.filter((request) => request.isBusy);
    if (busy.length === 0) return;
    const request = pick(busy, draw);
    this.story.push(
      `  request ${this.#requests.indexOf(request) + 1}: ${deed} ${request.nextStep}`,
    );
    await act(request);
  }

  async #pay(draw: number): Promise<void> {
    const open = await this.#world.openSessions();
    if (open.length > 0) {
      const { id } = pick(open, draw);
      this.story.push(`  somebody pays ${id}`);
      await this.#world.pay(id);
    }
    await this.#look();
  }

  async #expire(draw: number): Promise<void> {
    const open = await this.#world.openSessions();
    if (open.length > 0) {
      const { id } = pick(open, draw);
      this.story.push(`  ${id} is expired at Stripe`);
      await this.#world.expire(id);
    }
  }

  async #deliver(draw: number): Promise<void> {
    this.#untold.push(...await this.#world.newEvents());
    const pool = this.#untold.length === 0 || draw < 0.1 ? this.#told : this.#untold;
    if (pool.length === 0) return;
    const event = pick(pool, rest(draw, 7));
    this.story.push(`  ${event.type} arrives`);
    await this.#world.deliver(event);
    this.#untold = this.#untold.filter((other) => other !== event);
    this.#told.push(event);
  }

  async #look(): Promise<void> {
    this.failures.push(...await this.#world.failures());
  }

  /** Whoever is on the way arrives; every open session is paid; Stripe tells all it has to tell. */
  async settle(): Promise<void> {
    this.story.push("  everybody arrives");
    for (const request of this.#requests) while (request.isBusy) await request.step();
    await this.#look();
    for (const { id } of await this.#world.openSessions()) {
      this.story.push(`  somebody pays ${id}`);
      await this.#world.pay(id);
    }
    await this.#look();
    for (const event of [...this.#untold, ...await this.#world.newEvents()]) {
      await this.#world.deliver(event);
    }
    await this.#world.refresh();
    this.failures.push(...await this.#world.disagreements());
  }
}
