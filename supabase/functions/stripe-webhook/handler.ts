import type { EndpointRequest } from "../_shared/endpoint.ts";
import { PaymentError } from "../_shared/errors.ts";
import { switchedOff } from "../_shared/guard-refusal.ts";
import { sha256Hex } from "../_shared/hex.ts";
import { ingestRequest } from "../_shared/ingest-request.ts";
import { placeEvent } from "../_shared/place-event.ts";
import { type Answer, ok } from "../_shared/respond.ts";
import { parseEvent } from "../_shared/stripe-event.ts";
import type { VerifySignature } from "../_shared/verify-signature.ts";
import type { IngestEvent } from "./store.ts";

export interface Dependencies {
  verifySignature: VerifySignature;
  ingestEvent: IngestEvent;
  /** Encrypts the raw body of an event that cannot be projected, bound to the event's id. */
  encryptBody: (eventId: string, body: Uint8Array<ArrayBuffer>) => Promise<string>;
  /** Whether events here are live ones. */
  livemode: boolean;
  nowSeconds: () => number;
  /** Wakes the worker, which fetches what was queued; it would come by itself a little later. */
  nudgeWorker: () => void;
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
  const { outcome } = await deps.ingestEvent(ingestRequest(event, placement, {
    expected_livemode: deps.livemode,
    body_sha256: await sha256Hex(body),
    secret_fingerprint: signature.secretFingerprint,
    request_id: requestId,
    ...(placement.action === "retry"
      ? { encrypted_body: await deps.encryptBody(event.id, body) }
      : {}),
  }));

  log(outcome === "quarantined" ? "warn" : "info", "event", {
    event_id: event.id,
    event_type: event.type,
    outcome,
    secret_fingerprint: signature.secretFingerprint,
  });
  if (outcome === "switched_off") throw switchedOff();
  if (outcome === "livemode_mismatch") throw new PaymentError("wrong_livemode");
  if (outcome === "queued") deps.nudgeWorker();
  return ok({ received: true, outcome });
}
