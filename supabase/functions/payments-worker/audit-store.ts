import { z } from "zod";
import {
  signedSchema,
  storedSealSchema,
  strayPageSchema,
  untoldPageSchema,
} from "../_shared/audit/trail.ts";
import { progressSchema } from "../_shared/audit/verify-trail.ts";
import type { CallRpc } from "../_shared/database.ts";

const claimSchema = z.object({
  due: z.literal(true),
  lease: z.number(),
  epoch: z.number(),
  number: z.number(),
  /** The statement this seal is chained to; null for the first. */
  previous: z.string().nullable(),
  month: z.string(),
  rows: z.array(z.object({ mark: z.number(), payload: z.string() })).min(1).max(1000),
});

const runSchema = z.object({
  due: z.literal(true),
  lease: z.number(),
  progress: progressSchema.nullable(),
  epochs: z.array(signedSchema),
  purges: z.array(signedSchema),
  lost: z.array(z.object({ id: z.string(), occurred_at: z.string() })),
  last_report: signedSchema.nullable(),
});

const notDue = z.object({ due: z.literal(false) });
const headSchema = signedSchema.extend({ epoch: z.number(), number: z.number() });
const nothing = z.null().transform(() => undefined);

export type SealClaim = z.infer<typeof claimSchema>;
export type VerificationRun = z.infer<typeof runSchema>;
export type UnanchoredHead = z.infer<typeof headSchema>;
export type AuditStore = ReturnType<typeof createAuditStore>;

/** A seal that is ready to be stored. */
export interface SignedSeal {
  readonly epoch: number;
  readonly number: number;
  readonly month: string;
  readonly count: number;
  /** Hex. */
  readonly root: string;
  readonly sealed_at: string;
  readonly key_id: string;
  readonly statement: string;
  /** Base64. */
  readonly signature: string;
}

/** The RPCs of role payments_worker for the audit trail; what each does stands at its SQL function. */
export function createAuditStore(rpc: CallRpc) {
  return {
    claimSeal: (leaseSeconds: number) =>
      rpc(
        "claim_seal",
        { p_lease_seconds: leaseSeconds },
        z.discriminatedUnion("due", [claimSchema, notDue]),
      ),
    storeSeal: (lease: number, seal: SignedSeal, leaves: [mark: number, hash: string][]) =>
      rpc(
        "store_seal",
        { p_lease: lease, p_seal: { ...seal }, p_leaves: leaves },
        z.enum(["stored", "fenced"]),
      ),
    failSeal: (lease: number, error: string) =>
      rpc("fail_seal", { p_lease: lease, p_error: error }, nothing),

    unanchoredHead: () => rpc("unanchored_head", {}, headSchema.nullable()),
    recordAnchor: (number: number, target: string) =>
      rpc("record_anchor", { p_number: number, p_target: target }, nothing),
    failAnchor: (number: number, error: string) =>
      rpc("fail_anchor", { p_number: number, p_error: error }, nothing),

    listPurgeableMonths: () =>
      rpc(
        "list_purgeable_audit_months",
        {},
        z.array(z.object({ month: z.string(), rows: z.number() })),
      ),
    purgeMonth: (
      month: string,
      record: {
        rows: number;
        purged_at: string;
        key_id: string;
        statement: string;
        signature: string;
      },
    ) =>
      rpc(
        "purge_audit_month",
        { p_month: month, p_record: record },
        z.enum(["purged", "busy", "refused"]),
      ),

    beginVerification: (forced: boolean, leaseSeconds: number) =>
      rpc(
        "begin_verification",
        { p_forced: forced, p_lease_seconds: leaseSeconds },
        z.discriminatedUnion("due", [runSchema, notDue]),
      ),
    pauseVerification: (lease: number, progress: z.infer<typeof progressSchema>) =>
      rpc("pause_verification", { p_lease: lease, p_progress: progress }, z.boolean()),
    failVerification: (lease: number, error: string) =>
      rpc("fail_verification", { p_lease: lease, p_error: error }, nothing),
    finishVerification: (
      lease: number,
      report: {
        finding_count: number;
        findings: object[];
        seals: number;
        rows: number;
        key_id: string;
        statement: string;
        signature: string;
      },
    ) =>
      rpc(
        "finish_verification",
        { p_lease: lease, p_report: z.json().parse(JSON.parse(JSON.stringify(report))) },
        z.boolean(),
      ),
    readSeals: (after: number, maxRows: number) =>
      rpc("read_seals", { p_after: after, p_max_rows: maxRows }, z.array(storedSealSchema)),
    findStrayRows: (after: object, limit: number, now: string) =>
      rpc(
        "find_stray_rows",
        { p_after: { ...after }, p_limit: limit, p_now: now },
        strayPageSchema,
      ),
    findUntoldEvents: (after: object, limit: number, now: string) =>
      rpc(
        "find_untold_events",
        { p_after: { ...after }, p_limit: limit, p_now: now },
        untoldPageSchema,
      ),
  };
}
