-- Purpose: the roles and schemas everything else hangs on.
-- Objects: owner roles, function roles, schemas payments, payments_private, audit.
-- Risk:    none to existing data; creates roles in the cluster.
--
-- Owners cannot log in. Each edge function has a role of its own that may run its own RPCs and
-- nothing else; the API (`authenticator`) can switch to it when a request carries that function's
-- secret key. See docs/adr/0006.

-- 1. Owners ---------------------------------------------------------------------------------------

do $$
declare
  role_name text;
begin
  foreach role_name in array array['payments_owner', 'audit_owner'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
      execute format('create role %I nologin noinherit', role_name);
    end if;
    execute format('grant %I to postgres', role_name);
  end loop;
end
$$;

-- 2. Function roles -------------------------------------------------------------------------------

do $$
declare
  role_name text;
begin
  foreach role_name in array array[
    'payments_checkout', 'payments_portal', 'payments_sync', 'payments_webhook', 'payments_worker'
  ] loop
    if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
      execute format('create role %I nologin noinherit', role_name);
    end if;
    execute format('grant %I to authenticator', role_name);
  end loop;
end
$$;

comment on role payments_owner is 'Owns schemas payments and payments_private. Cannot log in; cannot reach schema auth.';
comment on role audit_owner is 'Owns schema audit. Cannot log in. payments_owner may only run audit.append.';
comment on role payments_checkout is 'Edge function create-checkout: its RPCs only.';
comment on role payments_portal is 'Edge function customer-portal: its RPCs only.';
comment on role payments_sync is 'Edge function sync-billing: its RPCs only.';
comment on role payments_webhook is 'Edge function stripe-webhook: its RPCs only.';
comment on role payments_worker is 'Edge function payments-worker: its RPCs only.';

-- 3. Schemas --------------------------------------------------------------------------------------

create schema payments authorization payments_owner;
create schema payments_private authorization payments_owner;
create schema audit authorization audit_owner;

comment on schema payments is 'Exposed by the API: billing state under row-level security, and RPCs.';
comment on schema payments_private is 'Not exposed, no grants to any API role: events, marks, reservations.';
comment on schema audit is 'Append-only audit log. Separate owner, no grants to any API role.';

revoke all on schema payments, payments_private, audit from public;

grant usage on schema payments to
  anon, authenticated, payments_checkout, payments_portal, payments_sync, payments_webhook, payments_worker;
-- no usage for service_role: its key is the one most often leaked, and nothing here needs it

-- Nothing created later becomes callable by accident: functions are EXECUTE to PUBLIC unless the
-- default is changed for the role that creates them.
alter default privileges for role payments_owner revoke execute on functions from public;
alter default privileges for role audit_owner revoke execute on functions from public;
-- Those that postgres itself creates revoke it one by one: a default of one schema cannot take away what the
-- database's default gives, and that one is the host project's.
