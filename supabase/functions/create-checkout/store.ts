import { z } from "zod";
import type { CommittedClient } from "../_shared/audit/commit-client.ts";
import type { SessionIsLive } from "../_shared/check-input.ts";
import type { CallRpc } from "../_shared/database.ts";
import { sharedRefusal } from "../_shared/guard-refusal.ts";
import type { Projection } from "../_shared/projections/projection.ts";
import type { CheckoutRequest } from "./request.ts";

const reservationSchema = z.object({
  id: z.uuid(),
  state: z.enum(["reserved", "open", "completed", "expired", "released"]),
  mode: z.enum(["subscription", "payment"]),
  items: z.array(z.object({ price: z.string(), quantity: z.number() })),
  success_url: z.string(),
  cancel_url: z.string(),
  locale: z.string().nullable(),
  stripe_idempotency_key: z.string(),
  session_id: z.string().nullable(),
  url: z.string().nullable(),
  /** Unix seconds, both. */
  created_at: z.number(),
  expires_at: z.number(),
});

const customerSchema = z.union([
  z.object({ id: z.string() }),
  z.object({ id: z.null(), creation_key: z.string(), lookup_since: z.number().nullable() }),
]);

const refusalCodes = [
  "not_purchasable",
  "idempotency_conflict",
  "already_subscribed",
  "country_not_allowed",
] as const;

const ownRefusal = z.object({
  decision: z.literal("refuse"),
  code: z.enum(refusalCodes),
  errors: z.array(z.object({ path: z.string(), code: z.string() })).optional(),
});

const decisionSchema = z.union([
  sharedRefusal,
  ownRefusal,
  z.object({
    decision: z.literal("proceed"),
    reservation: reservationSchema,
    customer: customerSchema,
  }),
  z.object({
    decision: z.literal("replace"),
    reservation: reservationSchema,
    customer: customerSchema,
    ticket: z.number(),
  }),
]);

const recordedSchema = z.discriminatedUnion("recorded", [
  z.object({ recorded: z.literal(true) }),
  z.object({
    recorded: z.literal(false),
    code: z.enum(["forbidden", "checkout_in_progress", "on_hold"]),
  }),
]);

/** What the edge function knows of a reservation; Stripe's parameters are a function of it. */
export type Reservation = z.infer<typeof reservationSchema>;
/** The user's Stripe customer, or the key under which to make it. */
export type CheckoutCustomer = z.infer<typeof customerSchema>;
export type Decision = z.infer<typeof decisionSchema>;

export interface Authorization {
  request: CheckoutRequest;
  bodySha256: string;
  userId: string;
  sessionId: string;
  /** Keyed hash of the client's address. */
  addressHash: string | null;
  /** Two letters, as the edge says; anybody may have written it. */
  country: string | null;
  client: CommittedClient;
}

export interface CheckoutStore {
  authorize(authorization: Authorization, requestId: string): Promise<Decision>;
  record(result: {
    reservationId: string;
    customerId: string;
    session: Projection;
    url: string;
    requestId: string;
  }): Promise<z.infer<typeof recordedSchema>>;
  recordReplaced(result: {
    reservationId: string;
    session: Projection;
    ticket: number;
    asOf: number;
    requestId: string;
  }): Promise<void>;
  renewKey(reservation: Reservation): Promise<Reservation>;
  sessionIsLive: SessionIsLive;
  release(reservationId: string, reason: string, requestId: string): Promise<void>;
  renewCustomerCreation(userId: string, creationKey: string): Promise<CheckoutCustomer>;
}

const nothing = z.null().transform(() => undefined);

/** The RPCs of role payments_checkout. `keyFingerprint` names the key in the audit trail. */
export function createStore(rpc: CallRpc, keyFingerprint: Promise<string>): CheckoutStore {
  return {
    authorize: async (
      { request, bodySha256, userId, sessionId, addressHash, country, client },
      requestId,
    ) =>
      await rpc("authorize_checkout", {
        p_request: {
          ...request,
          user_id: userId,
          session_id: sessionId,
          address_hash: addressHash,
          country,
          client,
          body_sha256: bodySha256,
          request_id: requestId,
          key_fingerprint: await keyFingerprint,
        },
      }, decisionSchema),
    record: async ({ reservationId, customerId, session, url, requestId }) =>
      await rpc("record_checkout", {
        p_result: {
          reservation_id: reservationId,
          customer_id: customerId,
          session,
          url,
          request_id: requestId,
          key_fingerprint: await keyFingerprint,
        },
      }, recordedSchema),
    recordReplaced: async ({ reservationId, session, ticket, asOf, requestId }) =>
      await rpc("record_replaced_checkout", {
        p_result: {
          reservation_id: reservationId,
          session,
          ticket,
          as_of: asOf,
          request_id: requestId,
          key_fingerprint: await keyFingerprint,
        },
      }, nothing),
    renewKey: ({ id, stripe_idempotency_key }) =>
      rpc("renew_checkout_key", {
        p_reservation_id: id,
        p_stripe_idempotency_key: stripe_idempotency_key,
      }, reservationSchema),
    sessionIsLive: ({ userId, sessionId }) =>
      rpc("check_session", { p_user_id: userId, p_session_id: sessionId }, z.boolean()),
    release: (reservationId, reason, requestId) =>
      rpc("release_checkout", {
        p_reservation_id: reservationId,
        p_reason: reason,
        p_request_id: requestId,
      }, nothing),
    renewCustomerCreation: (userId, creationKey) =>
      rpc("renew_customer_creation", {
        p_user_id: userId,
        p_creation_key: creationKey,
      }, customerSchema),
  };
}
