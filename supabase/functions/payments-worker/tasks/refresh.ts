import Stripe from "stripe";
import { isObjectKind, OBJECT_KINDS } from "../../_shared/object-kinds.ts";
import type { Projection } from "../../_shared/projections/projection.ts";
import { stripeDate } from "../../_shared/stripe-date.ts";
import { isMissing } from "../../_shared/stripe-failure.ts";
import { errorCode } from "../error-code.ts";
import type { Claim, WorkerStore } from "../store.ts";
import { drain, type Task, type TaskRun } from "../task.ts";

const BATCH = 20;
const LEASE_SECONDS = 120;

export interface RefreshDependencies {
  stripe: Stripe;
  store: WorkerStore;
  /** The account the key belongs to, asked once. */
  accountId: () => Promise<string>;
  now: () => number;
}

/**
 * Fetches every marked object from Stripe and writes what it finds. The ticket taken at the claim
 * dates the fetch, so any number of workers, in any order, leave the newest knowledge in place.
 */
export function refreshTask(deps: RefreshDependencies): Task {
  return (run) =>
    drain({
      claim: () => deps.store.claimRefreshes(BATCH, LEASE_SECONDS),
      handle: (claim) => refreshOne(deps, claim, run),
      now: deps.now,
      batch: BATCH,
      parallel: 5,
      budgetMs: 30_000,
    });
}

async function refreshOne(
  deps: RefreshDependencies,
  claim: Claim,
  { log, requestId }: TaskRun,
): Promise<boolean> {
  try {
    const fetched = await fetchObject(deps.stripe, claim);
    const accountId = await deps.accountId();
    const { outcome } = await deps.store.finishRefresh(claim, { ...fetched, accountId, requestId });
    return outcome !== "wrong_account";
  } catch (error) {
    const detail = errorCode(error);
    log("warn", "refresh failed", { object_kind: claim.kind, object_id: claim.id, detail });
    // when the database is what failed, the lease runs out instead
    await deps.store.failRefresh(claim, detail).catch(() => undefined);
    return false;
  }
}

async function fetchObject(
  stripe: Stripe,
  claim: Claim,
): Promise<{ projection: Projection; asOf: number; found: boolean }> {
  if (!isObjectKind(claim.kind)) throw new TypeError("unknown kind");
  const { fetch, project } = OBJECT_KINDS[claim.kind];
  try {
    const object = await fetch(stripe, claim.id);
    return { projection: project(object), asOf: stripeDate(object), found: true };
  } catch (error) {
    if (!isMissing(error) || !(error instanceof Stripe.errors.StripeError)) throw error;
    const headers = error.headers ?? {};
    return {
      projection: { id: claim.id, deleted: true },
      asOf: stripeDate({ lastResponse: { headers } }),
      found: false,
    };
  }
}
