import type Stripe from "stripe";
import { isDefiniteRefusal } from "../../_shared/stripe-failure.ts";
import { errorCode } from "../error-code.ts";
import { cancelDuplicate } from "../cancel-duplicate.ts";
import { requireOurAccount } from "../our-account.ts";
import type { Enforcement, WorkerStore } from "../store.ts";
import { drain, type Task, type TaskRun } from "../task.ts";

const BATCH = 20;
const LEASE_SECONDS = 120;

export interface EnforceDependencies {
  stripe: Stripe;
  store: WorkerStore;
  /** The account the key belongs to, asked once. */
  accountId: () => Promise<string>;
  now: () => number;
}

/**
 * Carries holds and rules over to Stripe: open checkouts of who is on hold are expired, duplicate
 * subscriptions cancelled. Each may be repeated.
 */
export function enforceTask(deps: EnforceDependencies): Task {
  return (run) =>
    drain({
      claim: () => deps.store.claimEnforcements(BATCH, LEASE_SECONDS),
      handle: (enforcement) => enforceOne(deps, enforcement, run),
      now: deps.now,
      batch: BATCH,
      parallel: 4,
      budgetMs: 20_000,
    });
}

async function enforceOne(
  deps: EnforceDependencies,
  enforcement: Enforcement,
  { log }: TaskRun,
): Promise<boolean> {
  try {
    // under another account's key everything is unknown, and would count as over
    await requireOurAccount(deps, false);
    const outcome = await act(deps.stripe, enforcement);
    return await deps.store.finishEnforcement(enforcement, { p_outcome: outcome });
  } catch (error) {
    const detail = errorCode(error);
    log("warn", "enforcement failed", { object_id: enforcement.object_id, detail });
    await deps.store.finishEnforcement(enforcement, { p_error: detail }).catch(() => undefined);
    return false;
  }
}

async function act(
  stripe: Stripe,
  { object_id: id, other_id: otherId }: Enforcement,
): Promise<"done" | "not_needed" | "not_confirmed"> {
  try {
    if (otherId !== null) return await cancelDuplicate(stripe, id, otherId);
    await stripe.checkout.sessions.expire(id);
    return "done";
  } catch (error) {
    // paid, expired or cancelled a moment ago
    if (isDefiniteRefusal(error)) return "not_needed";
    throw error;
  }
}
