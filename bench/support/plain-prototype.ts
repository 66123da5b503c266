/**
 * The least that takes an event in: dedupe, subscription, items, audit row and pending mark, each one insert into
 * a table with a primary key and nothing else. It has no order of objects, no domain events, no partitions, no
 * bounds, no search by who or what and no canonical text. The aims of the ingest case were set by such a
 * prototype on another machine; measured beside it, they can be read on this one.
 */
export const PLAIN_PROTOTYPE = `
create table bench.events (
  event_id text primary key, event_type text not null, created timestamptz not null,
  received_at timestamptz not null default now());
create table bench.objects (
  id text primary key, customer_id text, status text, currency text, created_at timestamptz,
  as_of timestamptz not null);
create table bench.items (
  id text primary key, subscription_id text not null, price_id text, quantity bigint);
create table bench.audit (
  id uuid primary key, occurred_at timestamptz not null, actor text, action text, resource_id text,
  request_id text, detail jsonb);
create table bench.marks (log_id uuid primary key, occurred_at timestamptz not null);

create function bench.plain_prototype(p_event jsonb) returns text
language plpgsql volatile security definer
set search_path = ''
as $$
declare
  at timestamptz := to_timestamp((p_event ->> 'created')::bigint);
  object jsonb := p_event -> 'projection';
  row_id uuid := gen_random_uuid();
begin
  insert into bench.events (event_id, event_type, created)
  values (p_event ->> 'event_id', p_event ->> 'event_type', at) on conflict do nothing;
  if not found then
    return 'duplicate';
  end if;
  insert into bench.objects as o (id, customer_id, status, currency, created_at, as_of)
  values (p_event ->> 'object_id', object ->> 'customer_id', object ->> 'status', object ->> 'currency',
    (object ->> 'created_at')::timestamptz, at)
  on conflict (id) do update set
    customer_id = excluded.customer_id, status = excluded.status, currency = excluded.currency, as_of = excluded.as_of
  where excluded.as_of > o.as_of;
  if object ? 'items' then
    insert into bench.items as i (id, subscription_id, price_id, quantity)
    select r.id, p_event ->> 'object_id', r.price_id, r.quantity
    from jsonb_to_recordset(object -> 'items') as r (id text, price_id text, quantity bigint)
    on conflict (id) do update set price_id = excluded.price_id, quantity = excluded.quantity;
  end if;
  insert into bench.audit (id, occurred_at, actor, action, resource_id, request_id, detail)
  values (row_id, clock_timestamp(), p_event ->> 'event_id', 'event.applied', p_event ->> 'object_id',
    p_event ->> 'request_id', jsonb_build_object('event_type', p_event ->> 'event_type'));
  insert into bench.marks (log_id, occurred_at) values (row_id, clock_timestamp());
  return 'applied';
end
$$;
grant execute on function bench.plain_prototype(jsonb) to payments_webhook`;
