-- The roles, schemas and default privileges that a hosted Supabase project has before its first migration.
-- Run once by the superuser, in a new cluster, before Auth's tables exist. Passwords are set by roles.ts.
-- Sources: supabase/postgres, migrations/db/init-scripts and migrations/db/migrations, and what they amount to in
-- nix/tests/expected/roles.out.

-- 1. Roles -----------------------------------------------------------------------------------------------------------

-- Runs the migrations. Not a superuser: what it cannot do here it cannot do when hosted either.
create role postgres
  login nosuperuser createrole createdb replication bypassrls;

create role anon nologin;
create role authenticated nologin;
create role service_role nologin bypassrls;

-- What PostgREST connects as; it becomes one of the roles above, or a role that a key names.
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to postgres with admin option;

create role supabase_auth_admin login noinherit;
create role dashboard_user nologin createrole createdb replication;

-- What hosted projects allow postgres besides.
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';

-- 2. Schemas ---------------------------------------------------------------------------------------------------------

alter database postgres owner to postgres;
alter schema public owner to postgres;

create schema extensions authorization postgres;
grant usage on schema extensions to anon, authenticated, service_role;
create extension pgcrypto with schema extensions;
create extension if not exists "uuid-ossp" with schema extensions;

create schema auth authorization supabase_auth_admin;

alter role postgres set search_path = "$user", public, extensions;
alter role supabase_admin set search_path = "$user", public, auth, extensions;
alter role supabase_auth_admin set search_path = auth;

grant usage on schema public to anon, authenticated, service_role;

-- 3. Default privileges ------------------------------------------------------------------------------------------------

-- New projects grant the API roles nothing on new tables; functions keep Postgres' own default, EXECUTE to PUBLIC.
-- That is what a fresh cluster has, so there is nothing to alter: a migration that forgets a grant fails here as it
-- would when hosted, and one that forgets to revoke EXECUTE leaks here as it would when hosted.

-- 4. Realtime ----------------------------------------------------------------------------------------------------------

-- Nothing here reads it; the migrations add tables to it where it is.
create publication supabase_realtime;
alter publication supabase_realtime owner to postgres;

-- 5. Extensions that a hosted postgres may create ------------------------------------------------------------------------

grant create on database postgres to postgres;
