import type Stripe from "stripe";
import { isDefiniteRefusal, isSavedError } from "../_shared/stripe-failure.ts";
import type { RefundClaim } from "./store.ts";

type Asked = Pick<RefundClaim, "id" | "payment_id" | "amount_minor" | "attempts">;

/**
 * Makes a refund that was asked for, once, whatever happened to earlier attempts. Its id is the idempotency
 * key: a lost answer is asked for again. Two things that key cannot do: Stripe forgets it after 24 hours, so
 * from the second attempt on the payment's refunds are looked through first; and a server error that Stripe
 * saved for it would come back all that time, so a later attempt tries the next key, once no refund is found.
 * Never the attempt that met the error: the list may be a moment behind.
 *
 * @returns the refund, which may have failed meanwhile: see its status
 * @throws what Stripe answered, for the next attempt
 * @see https://docs.stripe.com/api/idempotent_requests
 */
export async function makeRefund(stripe: Stripe, claim: Asked): Promise<Stripe.Refund> {
  const found = claim.attempts > 1 ? await findRefund(stripe, claim) : null;
  if (found !== null) return found;
  for (let saved = 0;; saved++) {
    try {
      return await stripe.refunds.create({
        payment_intent: claim.payment_id,
        amount: claim.amount_minor,
        metadata: { refund_request: claim.id },
      }, { idempotencyKey: `refund_${claim.id}${saved === 0 ? "" : `_${saved}`}` });
    } catch (error) {
      // each attempt leaves one more key with a saved error at most
      const goesOn = isSavedError(error) && saved < claim.attempts - 1;
      // refused, because an earlier attempt took it all?
      const made = goesOn || isDefiniteRefusal(error) ? await findRefund(stripe, claim) : null;
      if (made !== null) return made;
      if (!goesOn) throw error;
    }
  }
}

/** Lists, not searches: search lags behind. Another amount under our metadata is not ours. */
async function findRefund(stripe: Stripe, asked: Asked): Promise<Stripe.Refund | null> {
  const refunds = stripe.refunds.list({ payment_intent: asked.payment_id, limit: 100 });
  for await (const refund of refunds) {
    if (refund.metadata?.["refund_request"] === asked.id && refund.amount === asked.amount_minor) {
      return refund;
    }
  }
  return null;
}
