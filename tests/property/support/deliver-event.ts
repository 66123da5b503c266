import { z } from "zod";
import type { CallRpc } from "../../../supabase/functions/_shared/database.ts";
import {
  type IngestRequest,
  ingestRequest,
} from "../../../supabase/functions/_shared/ingest-request.ts";
import { placeEvent, type Target } from "../../../supabase/functions/_shared/place-event.ts";
import { parseEvent } from "../../../supabase/functions/_shared/stripe-event.ts";
import type { StripeWorldEvent } from "./stripe-world.ts";
import { encodeBody } from "./worker-runs.ts";

const receipt = {
  expected_livemode: false,
  body_sha256: "0".repeat(64),
  secret_fingerprint: "property",
  request_id: "req_property",
};
const answerSchema = z.object({ outcome: z.string() });

/** What stripe-webhook hands to the database for a delivery. */
export function requestFor(event: StripeWorldEvent): IngestRequest {
  const parsed = parseEvent(new TextEncoder().encode(event.body));
  return ingestRequest(parsed, placeEvent(parsed), receipt);
}

/** The same for an event whose snapshot the running version cannot project: its body is kept. */
export function unreadableRequestFor(event: StripeWorldEvent): IngestRequest {
  const parsed = parseEvent(new TextEncoder().encode(event.body));
  const target = targetOf(event);
  if (target === null) return requestFor(event);
  return ingestRequest(parsed, { action: "retry", target, failure: "cannot project" }, {
    ...receipt,
    encrypted_body: encodeBody(event.body),
  });
}

/** The mirrored object an event is about; null for events without effect. */
export function targetOf(event: StripeWorldEvent): Target | null {
  const placement = placeEvent(parseEvent(new TextEncoder().encode(event.body)));
  return "target" in placement ? placement.target : null;
}

export async function ingest(webhook: CallRpc, request: IngestRequest): Promise<string> {
  return (await webhook("ingest_event", { p_event: request }, answerSchema)).outcome;
}
