import Stripe from "stripe";
import { afterAll, expect, it } from "vitest";
import { refundTask } from "../../../supabase/functions/payments-worker/tasks/refund.ts";

const CLAIM = {
  id: crypto.randomUUID(),
  lease: 1,
  payment_id: "pi_1",
  amount_minor: 1000,
  attempts: 2,
  countries: null,
};

/** Stripe, where the refund that was asked for has failed meanwhile. */
const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: () => {} },
  () =>
    Response.json({
      object: "list",
      has_more: false,
      data: [{
        id: "re_1",
        object: "refund",
        amount: CLAIM.amount_minor,
        status: "failed",
        metadata: { refund_request: CLAIM.id },
      }],
    }),
);
afterAll(() => server.shutdown());

it("7.1b a refund that failed meanwhile is not told as made", async () => {
  const stripe = new Stripe("sk_test_refund", {
    host: "127.0.0.1",
    port: server.addr.port,
    protocol: "http",
    maxNetworkRetries: 0,
  });
  const ends: object[] = [];
  const claims = [[CLAIM], []];
  await refundTask({
    stripe,
    store: {
      claimRefunds: () => Promise.resolve(claims.shift() ?? []),
      finishRefund: (_claim, result) => {
        ends.push(result);
        return Promise.resolve(true);
      },
      learnAccount: () => Promise.resolve(true),
    },
    accountId: () => Promise.resolve("acct_1"),
    now: Date.now,
  })({ requestId: "r", log: () => {}, forced: false });
  expect(ends).toEqual([{ p_refused_code: "refund_failed" }]);
});
