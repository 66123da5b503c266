-- Purpose: from where and with what an operation was asked for, readable only with the key.
-- Objects: payments_private.client_details, keep_client.
-- Risk:    personal data, encrypted before it comes here; goes after its retention and with its user.

set role payments_owner;

create table payments_private.client_details (
  request_id text primary key,
  operation text not null,
  user_id uuid,
  encrypted_details text not null,
  created_at timestamptz not null default now(),
  constraint details_are_encrypted check (encrypted_details ~ '^v1\.[a-z][a-z0-9_]*\.[A-Za-z0-9+/=]+$'
    and length(encrypted_details) <= 4096)
);
comment on table payments_private.client_details is
  'Address and user agent of operations that the guard decided on. Deleted after its retention and with its user; the audit row keeps a salted commitment.';
comment on column payments_private.client_details.encrypted_details is
  'v1.<key id>.<AES-256-GCM of {address, agent, salt}>, bound to this table, column and request_id.';
create index client_details_user on payments_private.client_details (user_id);
create index client_details_age on payments_private.client_details (created_at);
create index client_details_key on payments_private.client_details (split_part(encrypted_details, '.', 2));
alter table payments_private.client_details enable row level security;

create function payments_private.keep_client(p_operation text, p_request jsonb) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  client jsonb := p_request -> 'client';
begin
  if client ->> 'encrypted_details' is null then
    return '{}';
  end if;
  begin
    insert into payments_private.client_details (request_id, operation, user_id, encrypted_details)
    values (p_request ->> 'request_id', p_operation, (p_request ->> 'user_id')::uuid, client ->> 'encrypted_details')
    on conflict (request_id) do nothing; -- the guard may be asked again within one request
  exception when foreign_key_violation then
    null; -- a token that outlived its user: there is nobody to keep it for, and no right to
  end;
  return jsonb_build_object('client_commitment', client -> 'commitment');
end
$$;
comment on function payments_private.keep_client(text, jsonb) is
  'Keeps a request''s encrypted client details beside its audit row; returns what that row says of them: {client_commitment}.';

create trigger what_is_held_is_stored before delete on payments_private.client_details
  for each row execute function payments_private.keep_held_row('created_at');

reset role;

-- `on delete cascade`: an address goes with its user
alter table payments_private.client_details add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete cascade;
