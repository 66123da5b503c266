import Stripe from "stripe";
import type { Log } from "../_shared/log.ts";
import { isObjectKind, OBJECT_KINDS } from "../_shared/object-kinds.ts";
import type { Projection } from "../_shared/projections/projection.ts";
import { stripeDate } from "../_shared/stripe-date.ts";
import { isMissing } from "../_shared/stripe-failure.ts";
import type { Claim, RefreshStore } from "./store.ts";

const BATCH = 20;
const LEASE_SECONDS = 120;
const PARALLEL_FETCHES = 5;
/** New batches are claimed until then; well below the platform's wall clock. */
const BUDGET_MS = 30_000;

export interface RefreshDependencies {
  stripe: Stripe;
  store: RefreshStore;
  /** The account the key belongs to, asked once. */
  accountId: () => Promise<string>;
  now: () => number;
}

export interface TaskResult {
  done: number;
  failed: number;
  ms: number;
}

/**
 * Fetches every marked object from Stripe and writes what it finds. The ticket taken at the claim
 * dates the fetch, so any number of workers, in any order, leave the newest knowledge in place.
 */
export async function refresh(
  deps: RefreshDependencies,
  requestId: string,
  log: Log,
): Promise<TaskResult> {
  const startedAt = deps.now();
  let done = 0;
  let failed = 0;
  while (deps.now() - startedAt < BUDGET_MS) {
    const claims = await deps.store.claim(BATCH, LEASE_SECONDS);
    for (let index = 0; index < claims.length; index += PARALLEL_FETCHES) {
      const slice = claims.slice(index, index + PARALLEL_FETCHES);
      const results = await Promise.all(
        slice.map((claim) => refreshOne(deps, claim, requestId, log)),
      );
      done += results.filter((succeeded) => succeeded).length;
      failed += results.filter((succeeded) => !succeeded).length;
    }
    if (claims.length < BATCH) break;
  }
  return { done, failed, ms: deps.now() - startedAt };
}

async function refreshOne(
  deps: RefreshDependencies,
  claim: Claim,
  requestId: string,
  log: Log,
): Promise<boolean> {
  try {
    const fetched = await fetchObject(deps.stripe, claim);
    const accountId = await deps.accountId();
    const { outcome } = await deps.store.finish(claim, { ...fetched, accountId, requestId });
    return outcome !== "wrong_account";
  } catch (error) {
    const code = error instanceof Stripe.errors.StripeError
      ? error.code ?? error.type
      : error instanceof Error
      ? error.name
      : "unknown";
    log("warn", "refresh failed", { object_kind: claim.kind, object_id: claim.id, detail: code });
    // when the database is what failed, the lease runs out instead
    await deps.store.fail(claim, code).catch(() => undefined);
    return false;
  }
}

async function fetchObject(
  stripe: Stripe,
  claim: Claim,
): Promise<{ projection: Projection; asOf: number }> {
  if (!isObjectKind(claim.kind)) throw new TypeError("unknown kind");
  const { fetch, project } = OBJECT_KINDS[claim.kind];
  try {
    const object = await fetch(stripe, claim.id);
    return { projection: project(object), asOf: stripeDate(object) };
  } catch (error) {
    if (!isMissing(error) || !(error instanceof Stripe.errors.StripeError)) throw error;
    const headers = error.headers ?? {};
    return {
      projection: { id: claim.id, deleted: true },
      asOf: stripeDate({ lastResponse: { headers } }),
    };
  }
}
