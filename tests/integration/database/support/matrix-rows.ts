// A row for each of two users in every table, so that a table without rows hides no open door.
import type postgres from "postgres";

/** Every table, partition and view of our schemas. */
export interface Relation {
  /** With its schema. */
  readonly name: string;
  /** The same, or for a partition the table that it is a part of. */
  readonly table: string;
  /** A view shows the rows of tables and takes none of its own. */
  readonly isView: boolean;
  readonly columns: readonly Column[];
}

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

export async function relationsOf(sql: postgres.ISql): Promise<Relation[]> {
  return await sql<Relation[]>`
    select n.nspname || '.' || c.relname as name,
      n.nspname || '.' || coalesce(parent.relname, c.relname) as table,
      c.relkind in ('v', 'm') as "isView",
      (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, null),
          'required', a.attnotnull and not a.atthasdef and a.attidentity = '') order by a.attnum)
        from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    left join pg_inherits as i on i.inhrelid = c.oid and c.relispartition
    left join pg_class as parent on parent.oid = i.inhparent
    where n.nspname in ('payments', 'payments_private', 'audit') and c.relkind in ('r', 'p', 'v', 'm', 'f')
    order by 1`;
}

/** The prefix of Stripe's ids, where a constraint asks for it. */
const ID_PREFIXES: Record<string, string> = {
  "payments.checkout_sessions": "cs",
  "payments.customers": "cus",
  "payments.disputes": "dp",
  "payments.entitlements": "ent",
  "payments.invoices": "in",
  "payments.payment_methods": "pm",
  "payments.payments": "pi",
  "payments.refunds": "re",
  "payments.subscription_items": "si",
  "payments.subscriptions": "sub",
  "payments_private.charges": "ch",
  "payments_private.early_fraud_warnings": "issfr",
  "payments_private.reviews": "prv",
};

/** As long as an Ed25519 signature in base64. */
const SIGNATURE = "A".repeat(88);

/** What a constraint wants, where a column's type does not say it. */
const VALUES: Record<string, Record<string, unknown>> = {
  "audit.custody": { action: "accessed", digest: "0".repeat(64) },
  "audit.epochs": { epoch: 2, signature: SIGNATURE },
  "audit.purge_records": { month: new Date(), signature: SIGNATURE },
  "audit.seals": { month: new Date(), signature: SIGNATURE },
  "audit.verification_reports": { findings: [], signature: SIGNATURE },
  "audit.audit_logs": { actor_type: "user", action: "matrix.row", outcome: "success" },
  "payments.prices": { currency: "usd" },
  "payments_private.alerts": { severity: "info" },
  "payments_private.alert_rules": { severity: "info", rule: "matrix_row" },
  "payments_private.operations": { code: "ok" },
  "payments_private.operation_counts": { buckets: Array.from({ length: 12 }, () => 0) },
  "payments_private.checkout_reservations": { mode: "payment" },
  "payments_private.client_details": { encrypted_details: "v1.k1.AAAA" },
  "payments_private.country_checks": { source: "charge" },
  "payments_private.duplicate_subscriptions": { action: "alert" },
  "payments_private.enforcements": { action: "expire_session" },
  "payments_private.incidents": {
    kind: "other",
    severity: "low",
    detected_at: "2026-01-01T00:00:00Z",
    aware_at: "2026-01-01T00:00:00Z",
    notify_due_at: "2026-01-04T00:00:00Z",
  },
  "payments_private.incident_actions": { step: "stop-all" },
  "payments_private.key_uses": { fingerprint: "0123456789abcdef", kind: "webhook_secret" },
  "payments_private.legal_holds": { scope: "user" },
  "payments_private.watched_metrics": { metric: "matrix_row", kind: "count" },
  "payments_private.processed_events": { status: "applied", body_sha256: "0".repeat(64) },
  "payments_private.reconcile_runs": { mode: "hourly" },
  "payments_private.role_permissions": { role: "auditor" },
  "payments_private.staff_members": { role: "auditor" },
  "payments_private.stripe_account": { account_id: "acct_matrix" },
};

/** A row of `user` in a table; `mark` tells the users' rows apart. Tables of a single row keep theirs. */
export function rowFor(
  { table, columns }: Pick<Relation, "table" | "columns">,
  user: string,
  mark: string,
): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const { name, type, required } of columns) {
    if (/^(?:user_id|requested_by)$/.test(name)) row[name] = user;
    else if (name === "only_row") row[name] = true;
    else if (name === "active") row[name] = mark === "owner"; // one that all may see, one that nobody may
    else if (required) row[name] = valueOf(type, `matrix_${mark}`);
  }
  const prefix = ID_PREFIXES[table];
  if (prefix !== undefined) row["id"] = `${prefix}_matrix_${mark}`;
  if ("event_id" in row) row["event_id"] = `evt_matrix_${mark}`;
  if (table === "audit.audit_logs") row["actor_id"] = user;
  return { ...row, ...VALUES[table] };
}

function valueOf(type: string, text: string): unknown {
  switch (type) {
    case "boolean":
      return true;
    case "bigint":
    case "integer":
    case "numeric":
    case "double precision":
      return 1;
    case "uuid":
      return crypto.randomUUID();
    case "jsonb":
      return {};
    case "bytea":
      return new Uint8Array(32);
    case "timestamp with time zone":
      return new Date();
    default:
      return type.endsWith("[]") ? [] : text;
  }
}

/**
 * Fills all tables within a transaction. References are not followed: whose row it is counts, not
 * what it belongs to.
 *
 * @throws when a table wants more than its columns' types say; then give it its values above
 */
export async function fillTables(
  sql: postgres.TransactionSql,
  relations: readonly Relation[],
  users: readonly { id: string; mark: string }[],
): Promise<void> {
  await sql`set local session_replication_role = replica`;
  for (const relation of relations.filter(({ name, table, isView }) => name === table && !isView)) {
    const isSingleRow = relation.columns.some(({ name }) => name === "only_row");
    // the worker may change its row meanwhile, and that would be a conflict with our snapshot
    if (isSingleRow && (await sql`select from ${sql(relation.name)}`).length > 0) continue;
    for (const { id, mark } of users) {
      const row = rowFor(relation, id, mark);
      await sql`insert into ${sql(relation.name)} ${sql(row)} on conflict do nothing`.catch(
        (cause: unknown) => {
          throw new Error(`Say in matrix-rows.ts how a row of ${relation.name} looks`, { cause });
        },
      );
    }
  }
  await sql`set local session_replication_role = origin`;
}
