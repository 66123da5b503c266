-- What a hosted project has of extensions before its first migration, on a server that has pg_cron and
-- pgaudit. pg_net and Vault do not exist for it: what stands for them here records what it was asked.
-- Run by the superuser.

create extension pg_cron;
grant usage on schema cron to postgres;
grant select on cron.job, cron.job_run_details to postgres;

create extension pg_net;
grant usage on schema net to postgres;
grant select, insert on net.calls to postgres;

create schema vault;
create table vault.decrypted_secrets (name text primary key, decrypted_secret text);
grant usage on schema vault to postgres;
grant select on vault.decrypted_secrets to postgres;

create extension pgaudit;
grant set on parameter pgaudit.role to postgres;
