import type Stripe from "stripe";
import { sha256Hex } from "../../_shared/hex.ts";
import { ingestRequest } from "../../_shared/ingest-request.ts";
import { placeEvent } from "../../_shared/place-event.ts";
import { parseEvent, type StripeEvent } from "../../_shared/stripe-event.ts";
import { requireOurAccount } from "../our-account.ts";
import type { Step, Work } from "./reconcile.ts";

const PAGE = 100;

/**
 * One page of `/v1/events`, newest first: those that are handled and not here, or not done, are taken
 * in. They only mark their objects: a snapshot that was found late is not to be trusted.
 */
export const compareEvents: Work = async (deps, run, requestId): Promise<Step> => {
  // another account's events would move the cursor past ours
  await requireOurAccount(deps, false);
  const page = await deps.stripe.events.list({
    created: { gte: run.since },
    limit: PAGE,
    ...(run.place.after === undefined ? {} : { starting_after: run.place.after }),
  });
  const events = page.data.map(readEvent);
  const handled = events.filter(({ event }) => "target" in placeEvent(event));
  const unknown = new Set(
    await deps.store.unknownEvents(handled.map(({ event: { id, created } }) => ({ id, created }))),
  );
  let found = 0;
  for (const { event, bytes } of handled) {
    if (!unknown.has(event.id)) continue;
    await deps.store.recordFoundEvent(ingestRequest(event, placeEvent(event), {
      expected_livemode: deps.livemode,
      body_sha256: await sha256Hex(bytes),
      secret_fingerprint: "reconcile",
      request_id: requestId,
    }));
    found++;
  }
  const last = page.data.at(-1)?.id;
  return { found, next: page.has_more && last !== undefined ? { after: last } : null };
};

function readEvent(raw: Stripe.Event): { event: StripeEvent; bytes: Uint8Array<ArrayBuffer> } {
  const bytes = new TextEncoder().encode(JSON.stringify(raw));
  return { event: parseEvent(bytes), bytes };
}
