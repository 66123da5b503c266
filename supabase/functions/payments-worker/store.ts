import { z } from "zod";
import type { CallRpc } from "../_shared/database.ts";
import type { IngestRequest } from "../_shared/ingest-request.ts";
import type { Projection } from "../_shared/projections/projection.ts";

const claimSchema = z.object({
  kind: z.string(),
  id: z.string(),
  attempt: z.number(),
  ticket: z.number(),
});

const finishedSchema = z.object({
  outcome: z.enum(["applied", "marked_again", "superseded", "wrong_account"]),
});

const retryClaimSchema = z.object({
  event_id: z.string(),
  event_type: z.string(),
  /** Unix seconds. */
  created: z.number(),
  attempt: z.number(),
  lease: z.number(),
  has_projection: z.boolean(),
  encrypted_body: z.string().nullable(),
});

const domainEventSchema = z.object({
  id: z.uuid(),
  lease: z.number(),
  attempt: z.number(),
  type: z.string(),
  created_at: z.string(),
  object_id: z.string(),
  user_id: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});

const alertSchema = z.object({
  id: z.uuid(),
  lease: z.number(),
  attempt: z.number(),
  rule: z.string(),
  subject: z.string(),
  severity: z.enum(["info", "warning", "critical"]),
  title: z.string(),
  runbook: z.string(),
  first_seen_at: z.string(),
  last_seen_at: z.string(),
  occurrences: z.number(),
  detail: z.record(z.string(), z.unknown()),
});

const metricsSchema = z.object({
  operations: z.array(z.object({
    function_name: z.string(),
    code: z.string(),
    requests: z.number(),
    total_ms: z.number(),
    buckets: z.array(z.number()),
  })),
  backlog_seconds: z.number(),
  marks: z.number(),
  events: z.record(z.string(), z.number()),
  outbox: z.record(z.string(), z.number()),
  refusals: z.record(z.string(), z.number()),
  alerts: z.array(z.object({ rule: z.string(), severity: z.string(), open: z.number() })),
});
const noticeSchema = z.object({
  id: z.uuid(),
  lease: z.number(),
  created_at: z.string(),
  incident_id: z.uuid(),
  user_id: z.uuid(),
  subject: z.string(),
  body: z.string(),
});

const deliverySchema = z.enum(["delivered", "pending", "dead", "fenced"]);

const customerDeletionSchema = z.object({ customer_id: z.string(), lease: z.number() });

const refundClaimSchema = z.object({
  id: z.uuid(),
  lease: z.number(),
  payment_id: z.string(),
  amount_minor: z.number(),
  /** With this one. */
  attempts: z.number(),
  /** What the charge must show at Stripe; null where a person asked. */
  countries: z.array(z.string()).nullable(),
});

const enforcementSchema = z.object({
  id: z.uuid(),
  lease: z.number(),
  action: z.enum(["expire_session", "cancel_subscription"]),
  object_id: z.string(),
  /** The subscription that a duplicate stands beside. */
  other_id: z.string().nullable(),
});

const placeSchema = z.object({
  kind: z.string().optional(),
  /** The last id of the page before. */
  after: z.string().optional(),
  first_ticket: z.number().optional(),
});

const runSchema = z.object({
  lease: z.number(),
  /** Unix seconds, both. */
  began_at: z.number(),
  since: z.number(),
  /** Events that could not be taken in so far: with one, the run does not count. */
  failed: z.number().default(0),
  place: placeSchema,
});

const begunSchema = z.discriminatedUnion("due", [
  z.object({ due: z.literal(false) }),
  z.object({ due: z.literal(true), run: runSchema }),
]);

const purgedSchema = z.object({ due: z.boolean(), done: z.number().default(0) });

const outdatedSchema = z.object({
  stored_in: z.string(),
  table_name: z.string(),
  column_name: z.string(),
  row_id: z.string(),
  value: z.string(),
});

const cardScanSchema = z.object({
  due: z.boolean(),
  finished: z.boolean(),
  scanned: z.number(),
  blocks: z.number(),
  found: z.number(),
});

/** A leased mark: fetch the object after it was claimed, and finish with its ticket. */
export type Claim = z.infer<typeof claimSchema>;
export type RetryClaim = z.infer<typeof retryClaimSchema>;
export type DomainEvent = z.infer<typeof domainEventSchema>;
export type Alert = z.infer<typeof alertSchema>;
export type Metrics = z.infer<typeof metricsSchema>;
/** What one affected user is told of an incident. */
export type Notice = z.infer<typeof noticeSchema>;
export type CustomerDeletion = z.infer<typeof customerDeletionSchema>;
export type RefundClaim = z.infer<typeof refundClaimSchema>;
export type Enforcement = z.infer<typeof enforcementSchema>;
export type OutdatedValue = z.infer<typeof outdatedSchema>;
export type ReconcileMode = "hourly" | "nightly" | "scan";
export type ReconcileRun = z.infer<typeof runSchema>;
/** Where a reconciliation goes on. */
export type ReconcilePlace = z.infer<typeof placeSchema>;

/** An attempt that failed has an error, one that succeeded has none. */
function withError(error: string | null): { p_error?: string } {
  return error === null ? {} : { p_error: error };
}

const nothing = z.null().transform(() => undefined);
type RetryStatus = "applied" | "queued" | "ignored" | "retry" | "dead" | "fenced";
const retryStatus: z.ZodType<RetryStatus> = z.enum([
  "applied",
  "queued",
  "ignored",
  "retry",
  "dead",
  "fenced",
]);

export type WorkerStore = ReturnType<typeof createStore>;

/** The RPCs of role payments_worker; what each does stands at its SQL function. */
export function createStore(rpc: CallRpc) {
  return {
    claimRefreshes: (limit: number, leaseSeconds: number) =>
      rpc(
        "claim_refreshes",
        { p_limit: limit, p_lease_seconds: leaseSeconds },
        z.array(claimSchema),
      ),
    finishRefresh: (claim: Claim, fetched: {
      projection: Projection;
      /** Unix seconds of Stripe's Date header. */
      asOf: number;
      /** Stripe knows the object, deleted or not. */
      found: boolean;
      accountId: string;
      requestId: string;
    }) =>
      rpc("finish_refresh", {
        p_kind: claim.kind,
        p_object_id: claim.id,
        p_ticket: claim.ticket,
        p_as_of: fetched.asOf,
        p_projection: fetched.projection,
        p_account_id: fetched.accountId,
        p_request_id: fetched.requestId,
        p_found: fetched.found,
      }, finishedSchema),
    failRefresh: (claim: Claim, error: string) =>
      rpc("fail_refresh", {
        p_kind: claim.kind,
        p_object_id: claim.id,
        p_ticket: claim.ticket,
        p_error: error,
      }, nothing),

    claimRetries: (limit: number, leaseSeconds: number) =>
      rpc(
        "claim_retries",
        { p_limit: limit, p_lease_seconds: leaseSeconds },
        z.array(retryClaimSchema),
      ),
    finishRetry: (claim: RetryClaim, result: {
      projection: Projection | null;
      error: string | null;
      requestId: string;
    }) =>
      rpc("finish_retry", {
        p_event_id: claim.event_id,
        p_created: claim.created,
        p_lease: claim.lease,
        p_projection: result.projection,
        p_request_id: result.requestId,
        ...withError(result.error),
      }, retryStatus),

    claimCustomerDeletions: (limit: number, leaseSeconds: number) =>
      rpc(
        "claim_customer_deletions",
        { p_limit: limit, p_lease_seconds: leaseSeconds },
        z.array(customerDeletionSchema),
      ),
    finishCustomerDeletion: (deletion: CustomerDeletion, error: string | null) =>
      rpc("finish_customer_deletion", {
        p_customer_id: deletion.customer_id,
        p_lease: deletion.lease,
        ...withError(error),
      }, z.boolean()),

    claimRefunds: (limit: number, leaseSeconds: number) =>
      rpc(
        "claim_refunds",
        { p_limit: limit, p_lease_seconds: leaseSeconds },
        z.array(refundClaimSchema),
      ),
    finishRefund: (
      claim: RefundClaim,
      result: { p_refund_id: string } | { p_refused_code: string } | { p_error: string },
    ) => rpc("finish_refund", { p_id: claim.id, p_lease: claim.lease, ...result }, z.boolean()),

    claimEnforcements: (limit: number, leaseSeconds: number) =>
      rpc(
        "claim_enforcements",
        { p_limit: limit, p_lease_seconds: leaseSeconds },
        z.array(enforcementSchema),
      ),
    finishEnforcement: (
      enforcement: Enforcement,
      result: { p_outcome: "done" | "not_needed" | "not_confirmed" } | { p_error: string },
    ) =>
      rpc(
        "finish_enforcement",
        { p_id: enforcement.id, p_lease: enforcement.lease, ...result },
        z.boolean(),
      ),

    claimOutbox: (limit: number, leaseSeconds: number) =>
      rpc(
        "claim_outbox",
        { p_limit: limit, p_lease_seconds: leaseSeconds },
        z.array(domainEventSchema),
      ),
    finishOutbox: (event: DomainEvent, error: string | null) =>
      rpc(
        "finish_outbox",
        { p_id: event.id, p_lease: event.lease, ...withError(error) },
        deliverySchema,
      ),
    claimNotices: (limit: number, leaseSeconds: number) =>
      rpc(
        "claim_notices",
        { p_limit: limit, p_lease_seconds: leaseSeconds },
        z.array(noticeSchema),
      ),
    finishNotice: (notice: Notice, error: string | null) =>
      rpc(
        "finish_notice",
        { p_id: notice.id, p_lease: notice.lease, ...withError(error) },
        deliverySchema,
      ),
    checkIncidentClocks: () => rpc("check_incident_clocks", {}, z.number()),

    claimAlerts: (limit: number, leaseSeconds: number) =>
      rpc("claim_alerts", { p_limit: limit, p_lease_seconds: leaseSeconds }, z.array(alertSchema)),
    finishAlert: (alert: Alert, error: string | null) =>
      rpc(
        "finish_alert",
        { p_id: alert.id, p_lease: alert.lease, ...withError(error) },
        deliverySchema,
      ),
    detect: () => rpc("detect", {}, z.number()),
    readMetrics: () => rpc("read_metrics", {}, metricsSchema),

    beginReconcile: (mode: ReconcileMode, forced: boolean, leaseSeconds: number) =>
      rpc(
        "begin_reconcile",
        { p_mode: mode, p_forced: forced, p_lease_seconds: leaseSeconds },
        begunSchema,
      ),
    pauseReconcile: (mode: ReconcileMode, { lease, ...progress }: ReconcileRun) =>
      rpc("pause_reconcile", { p_mode: mode, p_lease: lease, p_progress: progress }, z.boolean()),
    finishReconcile: (mode: ReconcileMode, run: ReconcileRun, detail: Record<string, number>) =>
      rpc("finish_reconcile", {
        p_mode: mode,
        p_lease: run.lease,
        p_began_at: run.began_at,
        p_detail: detail,
      }, z.boolean()),
    failReconcile: (mode: ReconcileMode, run: ReconcileRun) =>
      rpc("fail_reconcile", { p_mode: mode, p_lease: run.lease }, nothing),
    unknownEvents: (events: { id: string; created: number }[]) =>
      rpc("unknown_events", { p_events: events }, z.array(z.string())),
    recordFoundEvent: (event: IngestRequest) =>
      rpc("record_found_event", { p_event: event }, z.object({ outcome: z.string() })),
    takeTicket: () => rpc("take_ticket", {}, z.number()),
    applyScanned: (kind: string, ticket: number, asOf: number, projections: Projection[]) =>
      rpc("apply_scanned", {
        p_kind: kind,
        p_ticket: ticket,
        p_as_of: asOf,
        p_projections: projections,
      }, z.number()),
    markObjects: (objects: { kind: string; id: string }[]) =>
      rpc("mark_for_refresh", { p_objects: objects }, nothing),
    markUnseen: (kind: string, firstTicket: number) =>
      rpc("mark_unseen", { p_kind: kind, p_ticket: firstTicket }, z.number()),
    learnAccount: (accountId: string, found: boolean) =>
      rpc("learn_account", { p_account_id: accountId, p_found: found }, z.boolean()),

    purge: (forced: boolean) => rpc("purge", { p_forced: forced }, purgedSchema),
    noteEncryptionKeys: (keyIds: string[]) =>
      rpc("note_encryption_keys", { p_key_ids: keyIds }, nothing),
    claimOutdatedValues: (keyIds: string[], after: string, limit: number) =>
      rpc(
        "claim_outdated_values",
        { p_key_ids: keyIds, p_after: after, p_limit: limit },
        z.array(outdatedSchema),
      ),
    replaceEncryptedValues: (values: (OutdatedValue & { new_value: string })[]) =>
      rpc("replace_encrypted_values", { p_values: values }, z.number()),
    scanForCards: (forced: boolean) => rpc("scan_for_cards", { p_forced: forced }, cardScanSchema),
  };
}
