-- Purpose: encrypted values follow the current key, so that an old one can be thrown away.
-- Objects: payments_private.encryption_keys, encrypted_values; payments.note_encryption_keys,
--          claim_outdated_values, replace_encrypted_values.
-- Risk:    none to what is readable: a value is replaced only while it is still the one that was read.

set role payments_owner;

create table payments_private.encryption_keys (
  key_id text primary key,
  first_seen_at timestamptz not null default now(),
  is_current boolean not null,
  in_ring boolean not null default true,
  constraint key_id_is_a_name check (key_id ~ '^[a-z][a-z0-9_]*$' and length(key_id) <= 64)
);
comment on table payments_private.encryption_keys is
  'Ids of the encryption keys that the worker has had, never the keys: how old they are, which is current, which it can still read with.';
alter table payments_private.encryption_keys enable row level security;

create view payments_private.encrypted_values with (security_invoker = true) as
select 'processed_events' as stored_in, 'processed_events' as table_name, 'encrypted_body' as column_name,
  e.event_id as row_id, e.encrypted_body as value, split_part(e.encrypted_body, '.', 2) as key_id
from payments_private.processed_events as e
where e.encrypted_body is not null and e.status in ('retry', 'dead')
union all
select 'client_details', 'client_details', 'encrypted_details',
  c.request_id, c.encrypted_details, split_part(c.encrypted_details, '.', 2)
from payments_private.client_details as c
union all
select 'held_rows', 'client_details', 'encrypted_details',
  h.content ->> 'request_id', h.content ->> 'encrypted_details', split_part(h.content ->> 'encrypted_details', '.', 2)
from payments_private.held_rows as h
where h.table_name = 'client_details';
comment on view payments_private.encrypted_values is
  'Every encrypted value, with the table, column and row it is bound to and where it lies. A new encrypted column belongs here and in replace_encrypted_values.';

create function payments.note_encryption_keys(p_key_ids text[]) returns void
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
begin
  insert into payments_private.encryption_keys as k (key_id, is_current)
  select r.id, r.position = 1 from unnest(p_key_ids) with ordinality as r (id, position)
  on conflict (key_id) do nothing;
  update payments_private.encryption_keys as k set
    is_current = coalesce(k.key_id = p_key_ids[1], false), in_ring = k.key_id = any(p_key_ids)
  where k.is_current is distinct from coalesce(k.key_id = p_key_ids[1], false)
    or k.in_ring is distinct from (k.key_id = any(p_key_ids));
end
$$;
comment on function payments.note_encryption_keys(text[]) is
  'Records the ids of the keys the worker has, current first: their age, and which values nobody can read.';

create function payments.claim_outdated_values(p_key_ids text[], p_after text, p_limit integer) returns jsonb
language plpgsql stable
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(v) order by v.row_id, v.stored_in), '[]')
    from (
      select v.stored_in, v.table_name, v.column_name, v.row_id, v.value
      from payments_private.encrypted_values as v
      -- only keys the worker has: nothing else can be read, and an index finds them
      where v.key_id = any(p_key_ids[2:]) and v.row_id > p_after
      order by v.row_id, v.stored_in limit least(greatest(p_limit, 0), 500)
    ) as v);
end
$$;
comment on function payments.claim_outdated_values(text[], text, integer) is
  'Values under a key of p_key_ids that is not the first, by row after p_after (at most 500): [{stored_in, table_name, column_name, row_id, value}]. No lease: replacing compares.';

create function payments.replace_encrypted_values(p_values jsonb) returns integer
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  v record;
  changed integer;
  total integer := 0;
begin
  for v in
    select t.stored_in, t.row_id, t.value, t.new_value
    from jsonb_to_recordset(p_values) as t (stored_in text, row_id text, value text, new_value text)
    order by t.row_id, t.stored_in -- one order of locks for everybody
  loop
    case v.stored_in
      when 'processed_events' then
        update payments_private.processed_events as e set encrypted_body = v.new_value
        where e.event_id = v.row_id and e.encrypted_body = v.value;
      when 'client_details' then
        update payments_private.client_details as c set encrypted_details = v.new_value
        where c.request_id = v.row_id and c.encrypted_details = v.value;
      when 'held_rows' then
        update payments_private.held_rows as h
        set content = jsonb_set(h.content, '{encrypted_details}', to_jsonb(v.new_value))
        where h.table_name = 'client_details' and h.content ->> 'request_id' = v.row_id
          and h.content ->> 'encrypted_details' = v.value;
    end case;
    get diagnostics changed = row_count;
    total := total + changed;
  end loop;
  return total;
end
$$;
comment on function payments.replace_encrypted_values(jsonb) is
  'Puts new_value where value still stands: [{stored_in, row_id, value, new_value}]; returns how many it replaced. Any number of workers may do it at once.';

grant execute on function payments.note_encryption_keys(text[]) to payments_worker;
grant execute on function payments.claim_outdated_values(text[], text, integer) to payments_worker;
grant execute on function payments.replace_encrypted_values(jsonb) to payments_worker;

reset role;
