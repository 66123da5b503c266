import type Stripe from "stripe";
import { placeEvent } from "../../_shared/place-event.ts";
import type { Projection } from "../../_shared/projections/projection.ts";
import { parseEvent } from "../../_shared/stripe-event.ts";
import { isMissing } from "../../_shared/stripe-failure.ts";
import { errorCode } from "../error-code.ts";
import type { RetryClaim, WorkerStore } from "../store.ts";
import { drain, type Task, type TaskRun } from "../task.ts";

const BATCH = 20;
const LEASE_SECONDS = 120;

export interface RetryDependencies {
  stripe: Stripe;
  store: WorkerStore;
  decryptBody: (eventId: string, value: string) => Promise<Uint8Array<ArrayBuffer>>;
  now: () => number;
}

/**
 * Tries events again that could not be applied: with the stored projection, else with the stored body
 * through today's code, else with Stripe's own copy (30 days), else by fetching the object.
 */
export function retryTask(deps: RetryDependencies): Task {
  return (run) =>
    drain({
      claim: () => deps.store.claimRetries(BATCH, LEASE_SECONDS),
      handle: (claim) => retryOne(deps, claim, run),
      now: deps.now,
      batch: BATCH,
      parallel: 4,
      budgetMs: 20_000,
    });
}

async function retryOne(
  deps: RetryDependencies,
  claim: RetryClaim,
  { log, requestId }: TaskRun,
): Promise<boolean> {
  try {
    const projection = claim.has_projection ? null : await projectAgain(deps, claim);
    const status = await deps.store.finishRetry(claim, { projection, error: null, requestId });
    return status !== "retry" && status !== "dead";
  } catch (error) {
    const detail = errorCode(error);
    log("warn", "retry failed", { event_id: claim.event_id, event_type: claim.event_type, detail });
    await deps.store.finishRetry(claim, { projection: null, error: detail, requestId })
      .catch(() => undefined); // when the database is what failed, the lease runs out instead
    return false;
  }
}

/** Null: there is nothing to project from any more, so the object is fetched instead. */
async function projectAgain(
  deps: RetryDependencies,
  claim: RetryClaim,
): Promise<Projection | null> {
  const event = claim.encrypted_body === null
    ? await fetchEvent(deps.stripe, claim.event_id)
    : parseEvent(await deps.decryptBody(claim.event_id, claim.encrypted_body));
  const placement = event === null ? null : placeEvent(event);
  if (placement?.action === "retry") throw new CannotProject();
  return placement?.action === "apply" ? placement.projection : null;
}

async function fetchEvent(stripe: Stripe, eventId: string) {
  try {
    const event = await stripe.events.retrieve(eventId);
    return parseEvent(new TextEncoder().encode(JSON.stringify(event)));
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Today's code cannot read the event either. */
class CannotProject extends Error {
  override readonly name = "CannotProject";
}
