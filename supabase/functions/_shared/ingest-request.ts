import type { Placement } from "./place-event.ts";
import type { Projection } from "./projections/projection.ts";
import type { StripeEvent } from "./stripe-event.ts";

/** The argument of `payments.ingest_event`; keys are the SQL function's. */
export type IngestRequest = {
  event_id: string;
  event_type: string;
  created: number;
  livemode: boolean;
  expected_livemode: boolean;
  api_version: string | null;
  object_kind: string | null;
  object_id: string | null;
  handled: boolean;
  malformed: boolean;
  projection?: Projection;
  projection_error?: string;
  encrypted_body?: string;
  body_sha256: string;
  secret_fingerprint: string;
  request_id: string;
};

/** How an event came to us. */
export type Receipt = Pick<
  IngestRequest,
  "expected_livemode" | "body_sha256" | "secret_fingerprint" | "request_id" | "encrypted_body"
>;

/** Puts together what the database needs to take an event in. */
export function ingestRequest(
  event: StripeEvent,
  placement: Placement,
  receipt: Receipt,
): IngestRequest {
  const target = "target" in placement ? placement.target : event.object;
  return {
    event_id: event.id,
    event_type: event.type,
    created: event.created,
    livemode: event.livemode,
    api_version: event.apiVersion,
    object_kind: target.kind,
    object_id: target.id,
    handled: "target" in placement,
    malformed: placement.action === "quarantine",
    ...(placement.action === "apply" ? { projection: placement.projection } : {}),
    ...(placement.action === "retry" ? { projection_error: placement.failure } : {}),
    ...receipt,
  };
}
