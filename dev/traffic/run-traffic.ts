import type { StackState } from "../stack/state.ts";
import { openWorld, type Person, until, type World } from "../drills/world.ts";
import { describeFigures, type Figures, readFigures } from "./read-figures.ts";
import { DECLINED_CARD, openCheckout, payWith, shop } from "./shopper.ts";
import { type Choices, type Day, makeChoices } from "./storyline.ts";

export interface TrafficOptions {
  readonly seed: number;
  readonly day: Day;
  /** Between two things that happen, on average. */
  readonly pauseMs: number;
  /** After that long the day is over, wherever it is. */
  readonly mostMs: number;
  /** A line for people. */
  readonly say: (line: string) => void;
  /** Ends the day at the next pause. */
  readonly signal: AbortSignal;
}

interface Scene {
  readonly world: World;
  readonly choices: Choices;
  readonly day: Day;
  readonly say: (line: string) => void;
  readonly pause: () => Promise<void>;
}

/**
 * A busy day of the shop in a few minutes: real sign-ups, checkouts, cards, refunds, an attack and an
 * outage, through the doors that everybody uses. @returns what the database holds in the end
 */
export async function runTraffic(state: StackState, options: TrafficOptions): Promise<Figures> {
  const world = openWorld(state, "");
  const choices = makeChoices(options.seed);
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.mostMs)]);
  const scene: Scene = {
    world,
    choices,
    day: options.day,
    say: options.say,
    pause: () => sleep(options.pauseMs * choices.pause(), signal),
  };
  try {
    options.say(`A busy day, seed ${options.seed}.`);
    await buyThroughTheDay(scene, "08:00", options.day.morningShoppers);
    await renewSubscriptions(scene);
    await giveBack(scene);
    await testCards(scene);
    await loseWebhooks(scene);
    await buyThroughTheDay(scene, "19:00", options.day.eveningShoppers);
    await settle(world);
    const figures = await readFigures(world.sql);
    options.say(`24:00  ${describeFigures(figures)}.`);
    return figures;
  } finally {
    await world.close();
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

async function buyThroughTheDay(scene: Scene, clock: string, count: number): Promise<void> {
  scene.say(`${clock}  ${count} people sign up and subscribe; some need a second card.`);
  const people: Person[] = [];
  for (let n = 0; n < count; n++) {
    people.push(await shop(scene.world, scene.choices.shopping()));
    await scene.pause();
  }
  await subscribed(scene.world, people);
}

async function subscribed(world: World, people: readonly Person[]): Promise<void> {
  await until(
    "purchases arrive",
    async () => await countSubscribed(world, people) === people.length,
  );
}

async function countSubscribed({ sql }: World, people: readonly Person[]): Promise<number> {
  const rows = await sql`
    select distinct user_id from payments.subscriptions
    where status = 'active' and user_id in ${sql(people.map(({ id }) => id))}`;
  return rows.length;
}

async function renewSubscriptions({ world, choices, day, say, pause }: Scene): Promise<void> {
  const rows = await world.sql<{ id: string }[]>`
    select id from payments.subscriptions where status = 'active' order by created_at, id`;
  const [unlucky, ...lucky] = choices.some(rows, day.renewals);
  say(`10:00  ${lucky.length} subscriptions renew, one renewal is declined.`);
  for (const { id } of lucky) {
    await ended(world.twin(`subscriptions/${id}/renew`));
    await pause();
  }
  if (unlucky !== undefined) await ended(world.twin(`subscriptions/${unlucky.id}/fail_renewal`));
}

async function giveBack({ world, choices, day, say, pause }: Scene): Promise<void> {
  const rows = await world.sql<{ id: string }[]>`
    select id from payments.payments where status = 'succeeded' order by created_at, id`;
  const payments = choices.some(rows, day.refunds);
  say(`12:00  ${payments.length} customers get their money back.`);
  for (const { id } of payments) {
    await ended(world.stripe("refunds", { payment_intent: id }));
    await pause();
  }
}

/** One account tries stolen cards until the shop stops it. */
async function testCards({ world, day, say, pause }: Scene): Promise<void> {
  say(`14:00  Somebody tries ${day.stolenCards} stolen cards, one after another.`);
  const thief = await world.signUp();
  const opening = await openCheckout(world, thief, "starter_monthly");
  if ("refused" in opening) throw new Error(`Refused before the attack: ${opening.refused}`);
  const isHeld = async () =>
    (await world.sql`select from payments_private.user_holds
      where user_id = ${thief.id} and released_at is null`).length === 1;
  let tried = 0;
  while (tried < day.stolenCards && !await isHeld()) {
    await payWith(world, opening.session, DECLINED_CARD);
    tried++;
    await pause();
  }
  await until("the thief is on hold", isHeld);
  await until("the thief's checkout is closed", async () => {
    const again = await openCheckout(world, thief, "starter_monthly");
    return "refused" in again && again.refused === "on_hold";
  });
  say(`14:05  Stopped after ${tried} cards: on hold, checkout refused, alert card_testing.`);
}

/** Deliveries are lost; what was missed is found again at Stripe. */
async function loseWebhooks({ world, choices, day, say, pause }: Scene): Promise<void> {
  say("16:00  No webhook arrives any more.");
  await ended(world.twin("faults", { delivery: { drop: 1 } }));
  const people: Person[] = [];
  try {
    for (let n = 0; n < day.shoppersInOutage; n++) {
      people.push(await shop(world, choices.shopping()));
      await pause();
    }
    say(
      `16:30  ${people.length} have paid, ${await countSubscribed(
        world,
        people,
      )} have what they paid for.`,
    );
  } finally {
    await ended(world.twin("faults", {}));
  }
  say("17:00  Webhooks arrive again; the hourly reconciliation asks Stripe what was missed.");
  await until("the outage is healed", async () => {
    await ended(world.worker(["reconcile", "refresh", "retry"]));
    return await countSubscribed(world, people) === people.length;
  });
  await settle(world);
  say(`17:01  Healed: all ${people.length} have it, nothing waits.`);
}

/** Until the pipeline has nothing left to do. */
async function settle(world: World): Promise<void> {
  await until("nothing waits", async () => {
    await ended(world.worker(["refresh", "retry"]));
    return (await readFigures(world.sql)).waiting === 0;
  });
}

async function ended(response: Promise<Response>): Promise<void> {
  const { ok, status, body } = await response;
  await body?.cancel();
  if (!ok) throw new Error(`The stack answered ${status}`);
}
