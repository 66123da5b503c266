import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apiKey, startBench, type TwinBench } from "./support/twin-bench.ts";

/** The triggers that must work, each with a test of its own. */
const triggers = [
  "checkout.session.completed",
  "customer.created",
  "customer.subscription.created",
  "customer.subscription.updated",
  "customer.subscription.deleted",
  "invoice.paid",
  "invoice.payment_failed",
  "payment_intent.succeeded",
  "payment_intent.payment_failed",
  "charge.refunded",
  "charge.dispute.created",
  "price.created",
  "product.created",
];

/** More that work; they share one test, which runs several at a time. */
const moreTriggers = [
  "billing_portal.configuration.created",
  "billing_portal.session.created",
  "charge.captured",
  "charge.dispute.closed",
  "charge.dispute.updated",
  "charge.failed",
  "charge.refund.updated",
  "checkout.session.expired",
  "customer.deleted",
  "customer.subscription.trial_will_end",
  "customer.updated",
  "invoice.created",
  "invoice.deleted",
  "invoice.finalized",
  "invoice.marked_uncollectible",
  "invoice.payment_action_required",
  "invoice.sent",
  "invoice.updated",
  "invoice.voided",
  "invoiceitem.created",
  "invoiceitem.deleted",
  "payment_intent.amount_capturable_updated",
  "payment_intent.canceled",
  "payment_intent.created",
  "payment_intent.requires_action",
  "payment_method.attached",
  "payment_method.detached",
  "payment_method.updated",
  "price.updated",
  "product.deleted",
  "product.updated",
  "setup_intent.canceled",
  "setup_intent.created",
  "setup_intent.requires_action",
  "setup_intent.setup_failed",
  "setup_intent.succeeded",
  "test_helpers.test_clock.ready",
];

let home: string;
beforeAll(async () => {
  home = await Deno.makeTempDir({ prefix: "stripe-cli-" });
});
afterAll(() => Deno.remove(home, { recursive: true }));

const root = new URL("../../../", import.meta.url);

/** Runs the real CLI against a twin; it gets a home of its own, so that it writes nowhere else. */
async function trigger(bench: TwinBench, event: string): Promise<void> {
  bench.received.length = 0;
  const { code, stdout, stderr } = await new Deno.Command(
    new URL("node_modules/.bin/stripe", root).pathname,
    {
      args: ["trigger", event, "--api-key", apiKey, "--api-base", bench.twin.url],
      cwd: home,
      env: { HOME: home, XDG_CONFIG_HOME: home, STRIPE_CLI_TELEMETRY_OPTOUT: "1" },
    },
  ).output();
  const decoder = new TextDecoder();
  expect(code, `${event}: ${decoder.decode(stdout)}${decoder.decode(stderr)}`).toBe(0);
  await bench.twin.idle();
  expect(bench.received.map((item) => item.event.type), event).toContain(event);
}

describe("the real Stripe CLI", () => {
  let bench: TwinBench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.close());

  test.each(triggers)("stripe trigger %s makes that event arrive, signed", async (event) => {
    await trigger(bench, event);
  });
});

test(`stripe trigger makes ${moreTriggers.length} more events arrive`, async () => {
  const queue = [...moreTriggers];
  const work = async () => {
    const bench = await startBench();
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
      await trigger(bench, event);
    }
    await bench.close();
  };
  await Promise.all([work(), work(), work()]);
});
