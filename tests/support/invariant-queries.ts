// Each row that one of these finds is something that must not be.

/** I9: the backlog is gone. */
export const QUIET = `
select 'a mark is left: ' || kind || ' ' || object_id || ' ' || coalesce(last_error, '') as failure
from payments_private.refresh_marks
union all
select 'event ' || event_id || ' is still ' || status || ' ' || coalesce(last_error, '')
from payments_private.processed_events where status in ('queued', 'retry', 'dead', 'quarantined')
union all
select 'domain event ' || kind || ' is still ' || state from payments.outbox where state <> 'delivered'
union all
select 'an event id was taken for another: ' || event_id from payments_private.event_conflicts`;

/** I2: each event is recorded once, each domain event written once. */
export const ONCE = `
select 'event ' || event_id || ' was recorded ' || count(*) || ' times' as failure
from payments_private.processed_events group by event_id having count(*) > 1
union all
select 'event ' || e.event_id || ' is known by no id'
from payments_private.processed_events as e
where not exists (
  select from payments_private.event_ids as i where i.event_id = e.event_id and i.created = e.created)
union all
select 'domain event ' || kind || ' of ' || object_id || ' was written ' || count(*) || ' times'
from payments.outbox group by kind, object_id, occurrence having count(*) > 1`;

/** I2, the other half: what the final state tells must have been told. */
export const TOLD = `
select 'no ' || w.kind || ' was written for ' || w.id as failure
from (
  select 'payment.succeeded' as kind, id from payments.payments where status = 'succeeded'
  union all select 'payment.refunded', id from payments.refunds where status = 'succeeded'
  union all select 'dispute.opened', id from payments.disputes
  union all select 'subscription.activated', id from payments.subscriptions
    where status in ('active', 'trialing', 'past_due')
  union all select 'entitlement.granted', id from payments.entitlements
) as w
where not exists (select from payments.outbox as o where o.kind = w.kind and o.object_id = w.id)`;

/**
 * A host that believes the last it heard of a subscription believes what is so. Where Stripe's times
 * are ten minutes apart a snapshot may take the row back for a moment, and the way back is not told.
 */
export const LATEST = `
select 'the host heard last that ' || s.id || ' was ' || o.kind || ', but it is ' || s.status as failure
from payments.subscriptions as s
join lateral (
  select o.kind from payments.outbox as o
  where o.object_id = s.id and o.kind in ('subscription.activated', 'subscription.ended')
  order by o.created_at desc limit 1
) as o on true
where (o.kind = 'subscription.activated') <> (s.status in ('active', 'trialing', 'past_due'))
union all
select 'the host heard last that ' || o.object_id || ' was ' || o.kind || ', but it is not so'
from (
  select distinct on (object_id) object_id, kind from payments.outbox
  where kind in ('entitlement.granted', 'entitlement.revoked') order by object_id, created_at desc
) as o
where (o.kind = 'entitlement.granted') <> exists (select from payments.entitlements as e where e.id = o.object_id)`;

/** I4: whatever was recorded or written has its audit row. */
export const AUDITED = `
select 'event ' || e.event_id || ' has no audit row' as failure
from payments_private.processed_events as e
where not exists (select from audit.audit_logs as l where l.actor_id = e.event_id and l.action like 'event.%')
union all
select 'an audit row tells of an event that is not here: ' || l.actor_id
from audit.audit_logs as l
where l.actor_type = 'stripe' and l.action like 'event.%' and l.action <> 'event.refused'
  and not exists (select from payments_private.processed_events as e where e.event_id = l.actor_id)
union all
select 'a fetched ' || m.kind || ' has no audit row: ' || m.object_id
from payments_private.mirrored_objects as m
where m.moved_by = 'refresh' and not exists (
  select from audit.audit_logs as l
  where (l.resource_id = m.object_id and l.action = 'object.refreshed')
    or l.action = 'reconcile.finished' and l.resource_id = 'scan')`;
