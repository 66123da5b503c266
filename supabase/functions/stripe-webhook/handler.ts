import type { EndpointRequest } from "../_shared/endpoint.ts";
import { PaymentError } from "../_shared/errors.ts";
import { sha256Hex } from "../_shared/hex.ts";
import { type Answer, ok } from "../_shared/respond.ts";
import type { VerifySignature } from "../_shared/verify-signature.ts";
import { placeEvent, type Placement } from "./place-event.ts";
import { parseEvent, type StripeEvent } from "./request.ts";
import type { IngestEvent, IngestRequest } from "./store.ts";

export interface Dependencies {
  verifySignature: VerifySignature;
  ingestEvent: IngestEvent;
  /** Encrypts the raw body of an event that cannot be projected, bound to the event's id. */
  encryptBody: (eventId: string, body: Uint8Array<ArrayBuffer>) => Promise<string>;
  /** Whether events here are live ones. */
  livemode: boolean;
  nowSeconds: () => number;
}

/**
 * Raw bytes → verify → parse → project → ingest → 2xx. Nothing is parsed before the signature holds,
 * and nothing is acknowledged before it is durably recorded.
 */
export async function handle(request: EndpointRequest, deps: Dependencies): Promise<Answer> {
  const { body, headers, log, requestId } = request;
  const signature = await deps.verifySignature(
    body,
    headers.get("stripe-signature"),
    deps.nowSeconds(),
  );
  if (!signature.ok) throw new PaymentError("invalid_signature", { detail: signature.failure });

  const event = parseEvent(body);
  const placement = placeEvent(event);
  const { outcome } = await deps.ingestEvent({
    ...describeEvent(event, placement),
    expected_livemode: deps.livemode,
    body_sha256: await sha256Hex(body),
    secret_fingerprint: signature.secretFingerprint,
    request_id: requestId,
    ...(placement.action === "retry"
      ? { encrypted_body: await deps.encryptBody(event.id, body) }
      : {}),
  });

  log(outcome === "quarantined" ? "warn" : "info", "event", {
    event_id: event.id,
    event_type: event.type,
    outcome,
    secret_fingerprint: signature.secretFingerprint,
  });
  if (outcome === "livemode_mismatch") throw new PaymentError("wrong_livemode");
  return ok({ received: true, outcome });
}

function describeEvent(
  event: StripeEvent,
  placement: Placement,
): Omit<IngestRequest, "expected_livemode" | "body_sha256" | "secret_fingerprint" | "request_id"> {
  return {
    event_id: event.id,
    event_type: event.type,
    created: event.created,
    livemode: event.livemode,
    api_version: event.apiVersion,
    object_kind: event.object.kind,
    object_id: event.object.id,
    handled: placement.action === "apply" || placement.action === "retry",
    malformed: placement.action === "quarantine",
    ...(placement.action === "apply" ? { projection: placement.projection } : {}),
    ...(placement.action === "retry" ? { projection_error: placement.failure } : {}),
  };
}
