import type { TransactionSql } from "postgres";
import { z } from "zod";

const secretSchema = z.object({
  fingerprint: z.string(),
  /** Seconds since it first and last verified something here. */
  first: z.number(),
  last: z.number(),
  livemode: z.boolean(),
});

const ownSchema = z.object({
  secrets: z.array(secretSchema),
  scans: z.object({ cards: z.number().nullable() }),
  runs: z.object({ purge: z.number().nullable(), reconcile: z.number().nullable() }),
});

const catalogueSchema = z.object({
  server_ssl: z.boolean(),
  extensions: z.array(z.string()),
  tables_without_rls: z.array(z.string()),
  /** Procedures that service_role, the secret key `default`, may run. */
  default_may_run: z.array(z.string()),
  /** Private schemas that a role of the API may look into. */
  open_schemas: z.array(z.string()),
  /** Tables of `payments` with a policy for users, and those of them whose reads pgaudit logs. */
  user_tables: z.array(z.string()),
  logged_tables: z.array(z.string()),
  api_logs_reads: z.boolean(),
});

const schedulerSchema = z.object({
  /** Null where the extension is absent or its tables may not be read. */
  job_active: z.boolean().nullable(),
  last_success: z.number().nullable(),
});

/** What the database says of itself. Ages are in seconds. */
export type Facts =
  & z.infer<typeof ownSchema>
  & z.infer<typeof catalogueSchema>
  & { scheduler: z.infer<typeof schedulerSchema> };
export type SecretFacts = z.infer<typeof secretSchema>;

/** What the pipeline's own tables say. */
export async function readOwnFacts(sql: TransactionSql): Promise<z.infer<typeof ownSchema>> {
  const [row] = await sql`
    select jsonb_build_object(
      'secrets', (
        select coalesce(jsonb_agg(to_jsonb(s)), '[]') from (
          select e.secret_fingerprint as fingerprint, e.livemode,
            extract(epoch from now() - min(e.received_at)) as first,
            extract(epoch from now() - max(e.received_at)) as last
          from payments_private.processed_events as e
          where e.secret_fingerprint ~ '^[0-9a-f]{16}$' group by 1, 2 order by 1, 2
        ) as s),
      'scans', jsonb_build_object('cards', (
        select extract(epoch from now() - s.finished_at) from payments_private.card_scan as s)),
      'runs', jsonb_build_object(
        'purge', (select extract(epoch from now() - r.finished_at) from payments_private.purge_runs as r),
        'reconcile', (select extract(epoch from now() - r.finished_at)
          from payments_private.reconcile_runs as r where r.mode = 'hourly'))) as facts`;
  return ownSchema.parse(row?.["facts"]);
}

/** What the catalogue says. */
export async function readCatalogueFacts(
  sql: TransactionSql,
): Promise<z.infer<typeof catalogueSchema>> {
  const [row] = await sql`
    with ours as (
      select c.oid, format('%s.%s', n.nspname, c.relname) as name, n.nspname, c.relrowsecurity
      from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
      where n.nspname in ('payments', 'payments_private', 'audit') and c.relkind in ('r', 'p')
    ), read_log as (
      select r.oid from pg_roles as r where r.rolname = 'payments_read_log'
    ), user_tables as (
      select o.name, o.oid from ours as o
      where o.nspname = 'payments' and exists (
        select from pg_policy as p where p.polrelid = o.oid and p.polname = 'owners_read_their_own')
    )
    select jsonb_build_object(
      'server_ssl', current_setting('ssl') = 'on',
      'extensions', (select coalesce(jsonb_agg(e.extname), '[]') from pg_extension as e),
      'tables_without_rls', (
        select coalesce(jsonb_agg(o.name order by o.name), '[]') from ours as o where not o.relrowsecurity),
      'default_may_run', (
        select coalesce(jsonb_agg(p.proname order by p.proname), '[]') from pg_proc as p
        join pg_namespace as n on n.oid = p.pronamespace
        where n.nspname in ('payments', 'payments_private', 'audit')
          and has_function_privilege('service_role', p.oid, 'execute')
          and has_schema_privilege('service_role', n.oid, 'usage')),
      'open_schemas', (
        select coalesce(jsonb_agg(distinct s), '[]')
        from unnest(array['payments_private', 'audit']) as s,
          unnest(array['anon', 'authenticated', 'service_role']) as r
        where has_schema_privilege(r, s, 'usage')),
      'user_tables', (select coalesce(jsonb_agg(u.name order by u.name), '[]') from user_tables as u),
      'logged_tables', (
        select coalesce(jsonb_agg(u.name order by u.name), '[]') from user_tables as u, read_log as l
        where has_table_privilege(l.oid, u.oid, 'select')),
      'api_logs_reads', coalesce((
        select 'pgaudit.role=payments_read_log' = any(s.setconfig)
        from pg_db_role_setting as s join pg_roles as r on r.oid = s.setrole
        where r.rolname = 'authenticator' and s.setdatabase = 0), false)) as facts`;
  return catalogueSchema.parse(row?.["facts"]);
}

/** What pg_cron says, where it is installed and may be read. */
export async function readSchedulerFacts(
  sql: TransactionSql,
): Promise<z.infer<typeof schedulerSchema>> {
  const [access] = await sql`
    select coalesce(has_schema_privilege(n.oid, 'usage')
      and has_table_privilege(to_regclass('cron.job'), 'select')
      and has_table_privilege(to_regclass('cron.job_run_details'), 'select'), false) as may
    from (select to_regnamespace('cron')::oid as oid) as n`;
  if (access?.["may"] !== true) return { job_active: null, last_success: null };
  const [row] = await sql`
    select
      exists (select from cron.job as j where j.command ~ 'payments_private.call_worker' and j.active) as job_active,
      (select extract(epoch from now() - max(d.end_time))::double precision from cron.job_run_details as d
        where d.command ~ 'payments_private.call_worker' and d.status = 'succeeded') as last_success`;
  return schedulerSchema.parse(row);
}
