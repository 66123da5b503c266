import { z } from "zod";
import type { CallRpc } from "../_shared/database.ts";
import type { Projection } from "../_shared/projections/projection.ts";

const claimsSchema = z.array(z.object({
  kind: z.string(),
  id: z.string(),
  attempt: z.number(),
  ticket: z.number(),
}));

const finishedSchema = z.object({
  outcome: z.enum(["applied", "marked_again", "superseded", "wrong_account"]),
  events_settled: z.number(),
});

/** A leased mark: fetch the object after it was claimed, and finish with its ticket. */
export type Claim = z.infer<typeof claimsSchema>[number];

export interface RefreshStore {
  claim(limit: number, leaseSeconds: number): Promise<Claim[]>;
  finish(claim: Claim, fetched: {
    projection: Projection;
    /** Unix seconds of Stripe's Date header. */
    asOf: number;
    accountId: string;
    requestId: string;
  }): Promise<z.infer<typeof finishedSchema>>;
  fail(claim: Claim, error: string): Promise<void>;
}

/** The RPCs of role payments_worker. */
export function createStore(rpc: CallRpc): RefreshStore {
  return {
    claim: (limit, leaseSeconds) =>
      rpc("claim_refreshes", { p_limit: limit, p_lease_seconds: leaseSeconds }, claimsSchema),
    finish: (claim, { projection, asOf, accountId, requestId }) =>
      rpc("finish_refresh", {
        p_kind: claim.kind,
        p_object_id: claim.id,
        p_ticket: claim.ticket,
        p_as_of: asOf,
        p_projection: projection,
        p_account_id: accountId,
        p_request_id: requestId,
      }, finishedSchema),
    fail: (claim, error) =>
      rpc("fail_refresh", {
        p_kind: claim.kind,
        p_object_id: claim.id,
        p_ticket: claim.ticket,
        p_error: error,
      }, z.null().transform(() => undefined)),
  };
}
