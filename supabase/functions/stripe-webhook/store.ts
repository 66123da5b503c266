import { z } from "zod";
import type { CallRpc } from "../_shared/database.ts";
import type { Projection } from "../_shared/projections/projection.ts";

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

const resultSchema = z.object({
  outcome: z.enum([
    "applied",
    "duplicate",
    "ignored",
    "queued",
    "quarantined",
    "livemode_mismatch",
  ]),
});

export type IngestEvent = (event: IngestRequest) => Promise<z.infer<typeof resultSchema>>;

/** One round trip, one transaction: dedupe, order, effect, audit row. */
export function createStore(rpc: CallRpc): IngestEvent {
  return (event) => rpc("ingest_event", { p_event: event }, resultSchema);
}
