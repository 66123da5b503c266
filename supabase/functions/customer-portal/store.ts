import { z } from "zod";
import type { SessionIsLive } from "../_shared/check-input.ts";
import type { ClientDetails } from "../_shared/client-details.ts";
import type { CallRpc } from "../_shared/database.ts";
import type { Caller } from "../_shared/authenticate.ts";
import { sharedRefusal } from "../_shared/guard-refusal.ts";
import type { PortalRequest } from "./request.ts";

const decisionSchema = z.union([
  sharedRefusal,
  z.object({
    decision: z.literal("refuse"),
    code: z.enum(["no_customer", "no_subscription"]),
  }),
  z.object({
    decision: z.literal("proceed"),
    customer_id: z.string(),
    subscription_id: z.string().nullable(),
  }),
]);

export type Decision = z.infer<typeof decisionSchema>;

export interface PortalStore {
  authorize(
    caller: Caller,
    request: PortalRequest,
    addressHash: string | null,
    client: ClientDetails,
    requestId: string,
  ): Promise<Decision>;
  sessionIsLive: SessionIsLive;
  record(caller: Caller, customerId: string, requestId: string): Promise<void>;
}

/** The RPCs of role payments_portal. `keyFingerprint` names the key in the audit trail. */
export function createStore(rpc: CallRpc, keyFingerprint: Promise<string>): PortalStore {
  return {
    authorize: async (caller, { flow }, addressHash, client, requestId) =>
      await rpc("authorize_portal", {
        p_request: {
          user_id: caller.userId,
          session_id: caller.sessionId,
          address_hash: addressHash,
          client,
          flow,
          request_id: requestId,
          key_fingerprint: await keyFingerprint,
        },
      }, decisionSchema),
    sessionIsLive: ({ userId, sessionId }) =>
      rpc("check_session", { p_user_id: userId, p_session_id: sessionId }, z.boolean()),
    record: async (caller, customerId, requestId) =>
      await rpc("record_portal", {
        p_user_id: caller.userId,
        p_customer_id: customerId,
        p_request_id: requestId,
        p_key_fingerprint: await keyFingerprint,
      }, z.null().transform(() => undefined)),
  };
}
