import { z } from "zod";
import type { Caller } from "../_shared/authenticate.ts";
import type { SessionIsLive } from "../_shared/check-input.ts";
import type { ClientDetails } from "../_shared/client-details.ts";
import type { CallRpc } from "../_shared/database.ts";
import { sharedRefusal } from "../_shared/guard-refusal.ts";
import type { FetchedObject } from "./fetch-billing.ts";

/** The database composes it; docs/schemas/billing-summary.schema.json describes it. */
const summarySchema = z.record(z.string(), z.unknown());
export type BillingSummary = z.infer<typeof summarySchema>;

const decisionSchema = z.union([
  sharedRefusal,
  z.object({
    decision: z.literal("proceed"),
    customer_id: z.string().nullable(),
    ticket: z.number(),
    summary: summarySchema,
  }),
]);

const recordedSchema = z.discriminatedUnion("recorded", [
  z.object({ recorded: z.literal(true), summary: summarySchema }),
  z.object({ recorded: z.literal(false) }),
]);

export interface SyncStore {
  authorize(
    caller: Caller,
    addressHash: string | null,
    client: ClientDetails,
    requestId: string,
  ): Promise<z.infer<typeof decisionSchema>>;
  sessionIsLive: SessionIsLive;
  record(caller: Caller, fetched: {
    customerId: string;
    ticket: number;
    asOf: number;
    objects: FetchedObject[];
    requestId: string;
  }): Promise<z.infer<typeof recordedSchema>>;
}

/** The RPCs of role payments_sync. `keyFingerprint` names the key in the audit trail. */
export function createStore(rpc: CallRpc, keyFingerprint: Promise<string>): SyncStore {
  return {
    authorize: async (caller, addressHash, client, requestId) =>
      await rpc("authorize_sync", {
        p_request: {
          user_id: caller.userId,
          session_id: caller.sessionId,
          address_hash: addressHash,
          client,
          request_id: requestId,
          key_fingerprint: await keyFingerprint,
        },
      }, decisionSchema),
    sessionIsLive: ({ userId, sessionId }) =>
      rpc("check_session", { p_user_id: userId, p_session_id: sessionId }, z.boolean()),
    record: async (caller, { customerId, ticket, asOf, objects, requestId }) =>
      await rpc("record_sync", {
        p_result: {
          user_id: caller.userId,
          customer_id: customerId,
          ticket,
          as_of: asOf,
          objects,
          request_id: requestId,
          key_fingerprint: await keyFingerprint,
        },
      }, recordedSchema),
  };
}
