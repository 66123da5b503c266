import type Stripe from "stripe";
import { isSavedError } from "../_shared/stripe-failure.ts";
import type { RefundClaim } from "./store.ts";

/**
 * Makes a refund that was asked for, once, whatever happened to earlier attempts. Its id is the idempotency
 * key: a lost answer is asked for again. Two things that key cannot do: Stripe forgets it after 24 hours, so
 * from the second attempt on the payment's refunds are looked through first; and a server error that Stripe
 * saved for it would come back all that time, so the next key is tried, once no refund is found.
 *
 * @throws what Stripe answered, for the next attempt
 * @see https://docs.stripe.com/api/idempotent_requests
 */
export async function makeRefund(
  stripe: Stripe,
  claim: Pick<RefundClaim, "id" | "payment_id" | "amount_minor" | "attempts">,
): Promise<Stripe.Refund> {
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
      if (!isSavedError(error) || saved >= claim.attempts) throw error;
      const made = await findRefund(stripe, claim);
      if (made !== null) return made;
    }
  }
}

/** Lists, not searches: search lags behind. */
async function findRefund(
  stripe: Stripe,
  { id, payment_id }: Pick<RefundClaim, "id" | "payment_id">,
): Promise<Stripe.Refund | null> {
  for await (const refund of stripe.refunds.list({ payment_intent: payment_id, limit: 100 })) {
    if (refund.metadata?.["refund_request"] === id) return refund;
  }
  return null;
}
