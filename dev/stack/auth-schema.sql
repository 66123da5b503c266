-- Gives schema auth the owner, rights and functions it has on hosted Supabase. Run by the superuser after Supabase Lite made the
-- tables and before the migrations.
-- Sources: supabase/auth, migrations/20240612123726_enable_rls_update_grants and 20220224000811_update_auth_functions.

-- 1. Owner and row-level security --------------------------------------------------------------------------------------

-- RLS without a policy: only roles that bypass it (postgres) or own the tables (Auth itself) see a row.
do $$
declare
  auth_table regclass;
begin
  for auth_table in
    select c.oid::regclass
    from pg_catalog.pg_class as c
    where c.relnamespace = 'auth'::regnamespace and c.relkind in ('r', 'p')
  loop
    execute format('alter table %s owner to supabase_auth_admin', auth_table);
    execute format('alter table %s enable row level security', auth_table);
    execute format('grant all on table %s to postgres, dashboard_user', auth_table);
    execute format('grant select on table %s to postgres with grant option', auth_table);
  end loop;
end
$$;

-- 2. Functions ---------------------------------------------------------------------------------------------------------

create or replace function auth.uid() returns uuid language sql stable as $$
  select
    coalesce(
      nullif(current_setting('request.jwt.claim.sub', true), ''),
      (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
    )::uuid
$$;

create or replace function auth.role() returns text language sql stable as $$
  select
    coalesce(
      nullif(current_setting('request.jwt.claim.role', true), ''),
      (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role')
    )::text
$$;

create or replace function auth.email() returns text language sql stable as $$
  select
    coalesce(
      nullif(current_setting('request.jwt.claim.email', true), ''),
      (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email')
    )::text
$$;

create or replace function auth.jwt() returns jsonb language sql stable as $$
  select
    coalesce(
      nullif(current_setting('request.jwt.claim', true), ''),
      nullif(current_setting('request.jwt.claims', true), '')
    )::jsonb
$$;

alter function auth.uid() owner to supabase_auth_admin;
alter function auth.role() owner to supabase_auth_admin;
alter function auth.email() owner to supabase_auth_admin;
alter function auth.jwt() owner to supabase_auth_admin;

-- 3. Rights on the schema ----------------------------------------------------------------------------------------------

-- USAGE for calling auth.uid(); without grant option, so that no migration can pass it on.
revoke all on schema auth from public;
grant usage on schema auth to postgres, anon, authenticated, service_role;
grant all on schema auth to dashboard_user;

-- 4. The migrations' bookkeeping -----------------------------------------------------------------------------------------

-- Lite made it as the superuser; `supabase db push` writes it as postgres.
do $$
declare
  history_table regclass;
begin
  alter schema supabase_migrations owner to postgres;
  for history_table in
    select c.oid::regclass
    from pg_catalog.pg_class as c
    where c.relnamespace = 'supabase_migrations'::regnamespace and c.relkind = 'r'
  loop
    execute format('alter table %s owner to postgres', history_table);
  end loop;
end
$$;

-- 5. The schema cache's signals --------------------------------------------------------------------------------------------

-- PostgREST's own way of saying that the schema changed; lite.ts listens.
-- Temporary objects are nobody's API.
create function extensions.pgrst_ddl_watch() returns event_trigger
language plpgsql set search_path = '' as $$
begin
  if exists (
    select from pg_catalog.pg_event_trigger_ddl_commands()
    where schema_name is distinct from 'pg_temp'
  ) then
    perform pg_catalog.pg_notify('pgrst', 'reload schema');
  end if;
end
$$;

create function extensions.pgrst_drop_watch() returns event_trigger
language plpgsql set search_path = '' as $$
begin
  if exists (select from pg_catalog.pg_event_trigger_dropped_objects() where not is_temporary) then
    perform pg_catalog.pg_notify('pgrst', 'reload schema');
  end if;
end
$$;

create event trigger pgrst_ddl_watch on ddl_command_end
  when tag in (
    'CREATE SCHEMA', 'ALTER SCHEMA', 'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE', 'CREATE VIEW',
    'ALTER VIEW', 'CREATE MATERIALIZED VIEW', 'ALTER MATERIALIZED VIEW', 'CREATE FUNCTION', 'ALTER FUNCTION',
    'CREATE TYPE', 'ALTER TYPE', 'CREATE RULE', 'CREATE TRIGGER', 'COMMENT'
  )
  execute function extensions.pgrst_ddl_watch();
create event trigger pgrst_drop_watch on sql_drop execute function extensions.pgrst_drop_watch();
