import type Stripe from "stripe";
import { isDefiniteRefusal } from "../../_shared/stripe-failure.ts";
import { projectCharge } from "../../_shared/projections/charge.ts";
import { requireOurAccount } from "../our-account.ts";
import { errorCode } from "../error-code.ts";
import { makeRefund } from "../make-refund.ts";
import type { RefundClaim, WorkerStore } from "../store.ts";
import { drain, type Task, type TaskRun } from "../task.ts";

const BATCH = 20;
const LEASE_SECONDS = 120;

export interface RefundDependencies {
  stripe: Stripe;
  store: Pick<WorkerStore, "claimRefunds" | "finishRefund" | "learnAccount">;
  /** The account the key belongs to, asked once. */
  accountId: () => Promise<string>;
  now: () => number;
}

/** Makes the refunds that staff or a rule asked for; see make-refund.ts for why no money goes back twice. */
export function refundTask(deps: RefundDependencies): Task {
  return (run) =>
    drain({
      claim: () => deps.store.claimRefunds(BATCH, LEASE_SECONDS),
      handle: (claim) => refundOne(deps, claim, run),
      now: deps.now,
      batch: BATCH,
      parallel: 2,
      budgetMs: 20_000,
    });
}

async function refundOne(
  deps: RefundDependencies,
  claim: RefundClaim,
  { log }: TaskRun,
): Promise<boolean> {
  try {
    // under another account's key every payment is unknown, and the refund would count as refused
    await requireOurAccount(deps, false);
    if (claim.countries !== null && !await showsCountries(deps.stripe, claim, claim.countries)) {
      return await deps.store.finishRefund(claim, { p_refused_code: "country_not_confirmed" });
    }
    const refund = await makeRefund(deps.stripe, claim);
    const isLost = refund.status === "failed" || refund.status === "canceled";
    return await deps.store.finishRefund(
      claim,
      isLost ? { p_refused_code: `refund_${refund.status}` } : { p_refund_id: refund.id },
    );
  } catch (error) {
    const code = errorCode(error);
    log("warn", "refund failed", { object_id: claim.payment_id, detail: code });
    const result = isDefiniteRefusal(error) ? { p_refused_code: code } : { p_error: code };
    await deps.store.finishRefund(claim, result).catch(() => undefined);
    return false;
  }
}

/**
 * Whether Stripe itself shows the countries for which a rule wants the money sent back. Whoever holds a
 * signing secret or a function's key can write any country here, but not there.
 */
async function showsCountries(
  stripe: Stripe,
  { payment_id }: RefundClaim,
  countries: readonly string[],
): Promise<boolean> {
  const { data } = await stripe.charges.list({ payment_intent: payment_id, limit: 10 });
  const charge = data.find(({ paid }) => paid);
  if (charge === undefined) return false;
  const { card_country, billing_country } = projectCharge(charge);
  return countries.every((country) => country === card_country || country === billing_country);
}
