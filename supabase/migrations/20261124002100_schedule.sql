-- Purpose: drive the worker from inside the database where the platform can, and publish changes.
-- Objects: payments_private.call_worker, a pg_cron job, a Realtime publication.
-- Risk:    none where pg_cron, pg_net, vault or the publication are absent: each part is skipped.
--
-- Set two Vault secrets afterwards: payments_worker_url (https://<project>/functions/v1/payments-worker)
-- and payments_worker_key (the named secret key payments_worker).

do $$
begin
  if not exists (select from pg_available_extensions where name = 'pg_cron')
    or not exists (select from pg_available_extensions where name = 'pg_net')
    or to_regclass('vault.decrypted_secrets') is null then
    raise notice 'pg_cron, pg_net or vault is absent: call payments-worker from a scheduler of your own';
    return;
  end if;
  create extension if not exists pg_cron;
  create extension if not exists pg_net;

  create function payments_private.call_worker() returns void
  language plpgsql volatile
  security definer -- reads two secrets of the Vault as postgres; nobody but the scheduler may run it
  set search_path = ''
  as $body$
  declare
    worker_url text := (select s.decrypted_secret from vault.decrypted_secrets as s where s.name = 'payments_worker_url');
    worker_key text := (select s.decrypted_secret from vault.decrypted_secrets as s where s.name = 'payments_worker_key');
  begin
    if worker_url is null or worker_key is null or worker_url !~ '^https://' then
      return; -- not set up yet; `doctor` reports it
    end if;
    perform net.http_post(
      url := worker_url,
      headers := jsonb_build_object('apikey', worker_key, 'content-type', 'application/json'),
      body := '{}'::jsonb,
      timeout_milliseconds := 60000);
  end
  $body$;
  comment on function payments_private.call_worker() is
    'Posts to payments-worker with the key from the Vault; does nothing until both secrets are there.';
  revoke all on function payments_private.call_worker() from public;
  begin
    perform cron.schedule('payments-worker', '10 seconds', 'select payments_private.call_worker()');
  exception when invalid_parameter_value then -- pg_cron before 1.5 knows minutes only
    perform cron.schedule('payments-worker', '* * * * *', 'select payments_private.call_worker()');
  end;
end
$$;

do $$
begin
  if exists (select from pg_publication where pubname = 'supabase_realtime' and not puballtables) then
    alter publication supabase_realtime add table
      payments.subscriptions, payments.payments, payments.checkout_sessions, payments.entitlements;
  end if;
end
$$;
