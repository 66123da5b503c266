import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeRefund } from "../../../supabase/functions/payments-worker/make-refund.ts";
import {
  idOf,
  payingCustomer,
  startBench,
  type TwinBench,
} from "../stripe-twin/support/twin-bench.ts";

const DAY_SECONDS = 24 * 60 * 60;

let bench: TwinBench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

/** A payment of 29.00, and a request to refund 10.00 of it: a second one would still fit. */
async function request() {
  const customer = await payingCustomer(bench.stripe);
  const payment = await bench.stripe.paymentIntents.create({
    amount: 2900,
    currency: "usd",
    customer: customer.id,
    payment_method: idOf(customer.invoice_settings.default_payment_method),
    confirm: true,
    off_session: true,
  });
  return { id: crypto.randomUUID(), payment_id: payment.id, amount_minor: 1000, attempts: 1 };
}

async function refundsOf(payment: string): Promise<string[]> {
  const { data } = await bench.stripe.refunds.list({ payment_intent: payment });
  return data.map(({ id }) => id);
}

describe("a refund that was asked for", () => {
  it("7.1b is made once although Stripe saved a server error under its key", async () => {
    const claim = await request();
    await bench.control("/_twin/faults", {
      api: [{ path: "/v1/refunds", method: "POST", kind: "500", times: 1 }],
    });
    await expect(makeRefund(bench.stripe, claim)).rejects.toThrow("unknown error");
    await makeRefund(bench.stripe, { ...claim, attempts: 2 }).catch(() => null);
    const made = await refundsOf(claim.payment_id);
    expect(made).toHaveLength(1);
    const again = await makeRefund(bench.stripe, { ...claim, attempts: 3 });
    expect(again.id).toBe(made[0]);
  });

  it("7.1b is found, not made again, when its answer was lost and Stripe has forgotten the key", async () => {
    const claim = await request();
    const { id: made } = await makeRefund(bench.stripe, claim); // and nobody hears of it
    await bench.control("/_twin/clock", { now: Math.floor(Date.now() / 1000) + 2 * DAY_SECONDS });
    expect((await makeRefund(bench.stripe, { ...claim, attempts: 2 })).id).toBe(made);
    expect(await refundsOf(claim.payment_id)).toEqual([made]);
  });

  it("7.1b is not taken for another one that names it", async () => {
    const claim = await request();
    await bench.stripe.refunds.create({
      payment_intent: claim.payment_id,
      amount: 1,
      metadata: { refund_request: claim.id },
    });
    const refund = await makeRefund(bench.stripe, { ...claim, attempts: 2 });
    expect(refund.amount).toBe(claim.amount_minor);
  });

  it("7.1b that took all that was paid is found where Stripe refuses another", async () => {
    const claim = { ...await request(), amount_minor: 2900 };
    const { id: made } = await makeRefund(bench.stripe, claim); // and nobody hears of it
    await bench.control("/_twin/clock", { now: Math.floor(Date.now() / 1000) + 5 * DAY_SECONDS });
    // as where the list was behind before: only the refusal makes it look
    expect((await makeRefund(bench.stripe, { ...claim, attempts: 1 })).id).toBe(made);
  });
});
