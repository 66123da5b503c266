/**
 * Empties what a history writes. Rows are deleted, not truncated (a few rows in many tables), with
 * triggers off, because audit rows are final. The object scan counts as done: it runs where a gap is
 * older than events reach back, and would otherwise heal in the end whatever the rest got wrong.
 */
export const RESET = `
set session_replication_role = replica;
delete from audit.audit_logs;
delete from payments.outbox;
delete from payments_private.alerts;
delete from payments_private.event_conflicts;
delete from payments_private.processed_events;
delete from payments_private.event_ids;
delete from payments_private.refresh_marks;
delete from payments_private.mirrored_objects;
delete from payments_private.stripe_account;
delete from payments_private.charges;
delete from payments_private.country_checks;
delete from payments_private.duplicate_subscriptions;
delete from payments_private.enforcements;
delete from payments_private.early_fraud_warnings;
delete from payments_private.reviews;
delete from payments.payment_methods;
delete from payments.entitlements;
delete from payments.disputes;
delete from payments.refunds;
delete from payments.payments;
delete from payments.invoices;
delete from payments.subscription_items;
delete from payments.subscriptions;
delete from payments.checkout_sessions;
delete from payments.prices;
delete from payments.products;
delete from payments.customers;
update payments_private.reconcile_runs set
  cursor_at = null, progress = null, lease = null, leased_until = null,
  finished_at = case mode when 'hourly' then null else now() end;
update payments_private.settings set verify_snapshots = 'when_in_doubt';
set session_replication_role = origin;
`;
