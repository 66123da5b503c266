import type Stripe from "stripe";
import { isDefiniteRefusal, isMissing } from "../../_shared/stripe-failure.ts";
import { errorCode } from "../error-code.ts";
import { requireOurAccount } from "../our-account.ts";
import type { CustomerDeletion, WorkerStore } from "../store.ts";
import { drain, type Task, type TaskRun } from "../task.ts";

const BATCH = 10;
const LEASE_SECONDS = 120;

export interface EndBillingDependencies {
  stripe: Stripe;
  store: WorkerStore;
  accountId: () => Promise<string>;
  now: () => number;
}

/**
 * Users who were deleted stop being billed: open sessions are closed, subscriptions cancelled, the
 * customer deleted at Stripe. Each step may be repeated.
 */
export function endBillingTask(deps: EndBillingDependencies): Task {
  return (run) =>
    drain({
      claim: () => deps.store.claimCustomerDeletions(BATCH, LEASE_SECONDS),
      handle: (deletion) => endOne(deps, deletion, run),
      now: deps.now,
      batch: BATCH,
      parallel: 2,
      budgetMs: 20_000,
    });
}

async function endOne(
  deps: EndBillingDependencies,
  deletion: CustomerDeletion,
  { log }: TaskRun,
): Promise<boolean> {
  try {
    await requireOurAccount(deps, false);
    await endBilling(deps.stripe, deletion.customer_id);
    return await deps.store.finishCustomerDeletion(deletion, null);
  } catch (error) {
    const detail = errorCode(error);
    log("warn", "ending billing failed", { object_id: deletion.customer_id, detail });
    await deps.store.finishCustomerDeletion(deletion, detail).catch(() => undefined);
    return false;
  }
}

async function endBilling(stripe: Stripe, customer: string): Promise<void> {
  try {
    for await (
      const session of stripe.checkout.sessions.list({ customer, status: "open", limit: 100 })
    ) {
      await stripe.checkout.sessions.expire(session.id).catch((error: unknown) => {
        if (!isDefiniteRefusal(error)) throw error; // not open any more
      });
    }
    for await (const subscription of stripe.subscriptions.list({ customer, limit: 100 })) {
      await stripe.subscriptions.cancel(subscription.id).catch((error: unknown) => {
        if (!isMissing(error)) throw error; // cancelled already
      });
    }
    await stripe.customers.del(customer);
  } catch (error) {
    if (!isMissing(error)) throw error; // deleted already, and its subscriptions with it
  }
}
