-- Stands for pg_net in dev/extension-branches: the one function that our migration calls, which
-- records the call instead of making it.

create schema net;
create table net.calls (url text, headers jsonb, body jsonb, timeout_milliseconds integer);

create function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{}',
  timeout_milliseconds integer default 5000
) returns bigint
language sql volatile
as $$
  insert into net.calls (url, headers, body, timeout_milliseconds)
  values (url, headers, body, timeout_milliseconds);
  select 1::bigint
$$;
