-- Purpose: a customer's own direct reads are logged, where the platform can.
-- Objects: role payments_read_log, pgaudit's object logging for the API's connections.
-- Risk:    none where pgaudit is absent: the part is skipped, and `payments doctor` says so.
--
-- pgaudit logs a statement that touches what this role was granted. Nobody can become the role.

do $$
begin
  if not exists (select from pg_available_extensions where name = 'pgaudit')
    or current_setting('shared_preload_libraries') !~ '\mpgaudit\M' then
    raise notice 'pgaudit is absent: direct reads of the API are not logged';
    return;
  end if;
  create extension if not exists pgaudit;
  if not exists (select from pg_roles where rolname = 'payments_read_log') then
    create role payments_read_log nologin noinherit;
  end if;
  comment on role payments_read_log is 'For pgaudit alone: reads of what it is granted are logged. Nobody is a member.';
  grant usage on schema payments to payments_read_log;
  grant select on
    payments.customers, payments.checkout_sessions, payments.subscriptions, payments.subscription_items,
    payments.invoices, payments.payments, payments.refunds, payments.disputes, payments.entitlements,
    payments.payment_methods
  to payments_read_log;
  -- the API connects as authenticator and becomes another role afterwards; the setting stays
  alter role authenticator set pgaudit.role = 'payments_read_log';
exception when insufficient_privilege then
  raise notice 'object logging of pgaudit could not be set up: %', sqlerrm;
end
$$;
