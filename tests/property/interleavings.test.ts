import { afterAll, beforeAll, expect, test } from "vitest";
import { CheckoutWorld } from "./support/checkout-world.ts";
import {
  explainInterleaving,
  generateInterleaving,
  playInterleaving,
} from "./support/interleaving.ts";
import {
  type ScratchDatabase,
  type ScratchServer,
  startScratchServer,
} from "./support/scratch-database.ts";

// Every call that create-checkout makes, of the database and of Stripe, is a step of its own; between
// any two of them other requests, Stripe, the customer and time may act, and at any of them the
// function may die or see a time-out (docs/adr/0008).

const COUNT = 30;
/** `PROPERTY_SEED` plays others than usual. */
const firstSeed = Number(Deno.env.get("PROPERTY_SEED") ?? 1);

let server: ScratchServer;
let database: ScratchDatabase;
let world: CheckoutWorld;

beforeAll(async () => {
  server = await startScratchServer();
  database = await server.create("interleavings");
  world = await CheckoutWorld.open(database);
});
afterAll(async () => {
  await world.close();
  await database.close();
  await server.stop();
});

test(
  `decision 8: ${COUNT} random interleavings end with one subscription at most and no cap passed (seed ${firstSeed})`,
  async () => {
    const seen: Record<string, number> = {};
    const note = (what: string) => void (seen[what] = (seen[what] ?? 0) + 1);
    for (let seed = firstSeed; seed < firstSeed + COUNT; seed++) {
      const interleaving = generateInterleaving(seed);
      const played = await playInterleaving(world, interleaving);
      for (const answer of played.answers) note("code" in answer ? answer.code : "a session");
      for (const call of played.broken) note(call);
      expect(played.failures.length === 0 ? "" : await explainInterleaving(world, interleaving))
        .toBe("");
    }
    // they must not be tame: the function breaks off at every kind of call, and everything is answered
    expect(Object.keys(seen)).toEqual(expect.arrayContaining([
      "authorize_checkout",
      "POST /v1/customers",
      "POST /v1/checkout/sessions",
      "POST /v1/checkout/sessions/:id/expire",
      "record_checkout",
      "a session",
      "already_subscribed",
      "not_purchasable",
    ]));
  },
  120_000, // a failure is played again many times, to make it small
);
