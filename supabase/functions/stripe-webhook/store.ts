import { z } from "zod";
import type { CallRpc } from "../_shared/database.ts";
import type { IngestRequest } from "../_shared/ingest-request.ts";

const resultSchema = z.object({
  outcome: z.enum([
    "applied",
    "duplicate",
    "ignored",
    "queued",
    "quarantined",
    "livemode_mismatch",
    "switched_off",
  ]),
});

export type IngestEvent = (event: IngestRequest) => Promise<z.infer<typeof resultSchema>>;

/** One round trip, one transaction: dedupe, order, effect, audit row. */
export function createStore(rpc: CallRpc): IngestEvent {
  return (event) => rpc("ingest_event", { p_event: event }, resultSchema);
}
