import type Stripe from "stripe";
import { PaymentError } from "../../_shared/errors.ts";
import { sha256Hex } from "../../_shared/hex.ts";
import { ingestRequest } from "../../_shared/ingest-request.ts";
import { placeEvent } from "../../_shared/place-event.ts";
import { parseEvent, type StripeEvent } from "../../_shared/stripe-event.ts";
import { requireOurAccount } from "../our-account.ts";
import { errorCode } from "../error-code.ts";
import type { ReconcileDependencies, Step, Work } from "./reconcile.ts";

const PAGE = 100;
/** More than so many on one page are not the events' fault. */
const MOST_FAILURES = 10;

/**
 * One page of `/v1/events`, newest first: those that are handled and not here, or not done, are taken
 * in. They only mark their objects: a snapshot that was found late is not to be trusted. One that
 * cannot be taken in holds up no other, but its run does not count.
 */
export const compareEvents: Work = async (deps, run, { requestId, log }): Promise<Step> => {
  // another account's events would move the cursor past ours
  await requireOurAccount(deps, false);
  const page = await deps.stripe.events.list({
    created: { gte: run.since },
    limit: PAGE,
    ...(run.place.after === undefined ? {} : { starting_after: run.place.after }),
  });
  const missing = await findMissing(deps, page.data);
  let found = 0;
  let { failed } = missing;
  for (const { event, bytes } of missing.events) {
    try {
      await takeIn(deps, event, bytes, requestId);
      found++;
    } catch (error) {
      log("warn", "event not taken in", { event_id: event.id, detail: errorCode(error) });
      if (++failed > MOST_FAILURES) throw error;
    }
  }
  const last = page.data.at(-1)?.id;
  return {
    found,
    failed,
    next: page.has_more && last !== undefined ? { after: last } : null,
  };
};

interface FoundEvent {
  event: StripeEvent;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Of a page, the events that are handled and not here; `failed` counts those that make no sense. */
async function findMissing(
  { store }: ReconcileDependencies,
  page: readonly Stripe.Event[],
): Promise<{ events: FoundEvent[]; failed: number }> {
  const handled: FoundEvent[] = [];
  let failed = 0;
  for (const raw of page) {
    try {
      const found = readEvent(raw);
      if ("target" in placeEvent(found.event)) handled.push(found);
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      failed++;
    }
  }
  const unknown = new Set(
    await store.unknownEvents(handled.map(({ event: { id, created } }) => ({ id, created }))),
  );
  return { events: handled.filter(({ event }) => unknown.has(event.id)), failed };
}

async function takeIn(
  { store, livemode }: ReconcileDependencies,
  event: StripeEvent,
  bytes: Uint8Array<ArrayBuffer>,
  requestId: string,
): Promise<void> {
  await store.recordFoundEvent(ingestRequest(event, placeEvent(event), {
    expected_livemode: livemode,
    body_sha256: await sha256Hex(bytes),
    secret_fingerprint: "reconcile",
    request_id: requestId,
  }));
}

function readEvent(raw: Stripe.Event): FoundEvent {
  const bytes = new TextEncoder().encode(JSON.stringify(raw));
  return { event: parseEvent(bytes), bytes };
}
