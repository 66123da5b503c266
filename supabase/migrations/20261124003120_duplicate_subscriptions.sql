-- Purpose: a second live subscription to one product, made where our guard is not: dashboard, portal, API.
-- Objects: setting duplicate_subscription_action; payments_private.duplicate_subscriptions,
--          find_duplicate_subscription.
-- Risk:    may hold a user or cancel a subscription; acts once for each, and cancels none that is older
--          than three days.

set role payments_owner;

alter table payments_private.settings
  add column duplicate_subscription_action text not null default 'alert',
  add constraint duplicate_subscription_action_is_known check (
    duplicate_subscription_action in ('alert', 'hold', 'cancel'));
comment on column payments_private.settings.duplicate_subscription_action is
  'What a second live subscription to one product does beside its alert: nothing, put its user on hold, or cancel the newer one.';

create table payments_private.duplicate_subscriptions (
  subscription_id text primary key,
  other_id text not null,
  user_id uuid not null,
  action text not null,
  found_at timestamptz not null default now(),
  constraint action_is_known check (action in ('alert', 'hold', 'cancel'))
);
comment on table payments_private.duplicate_subscriptions is
  'Subscriptions that were made although their user had one to the same product, and what was done about each.';
create index duplicate_subscriptions_user on payments_private.duplicate_subscriptions (user_id);
alter table payments_private.duplicate_subscriptions enable row level security;

create function payments_private.act_on_duplicate(
  p_newer_id text, p_older_id text, p_user_id uuid, p_created_at timestamptz
) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  taken text;
begin
  insert into payments_private.duplicate_subscriptions (subscription_id, other_id, user_id, action)
  select p_newer_id, p_older_id, p_user_id, case
    -- found long after it was made, as at set-up: people decide
    when s.duplicate_subscription_action = 'cancel' and p_created_at < now() - interval '3 days' then 'alert'
    else s.duplicate_subscription_action end
  from payments_private.settings as s
  on conflict do nothing
  returning action into taken;
  if taken is null then
    return;
  end if;
  perform payments_private.raise_alert('duplicate_subscription', p_newer_id, 'critical',
    jsonb_build_object('other', p_older_id, 'user', p_user_id, 'action', taken));
  perform audit.append('system', null, 'subscription.duplicate_found', 'success', 'subscription', p_newer_id,
    p_reason => taken, p_detail => jsonb_build_object('other', p_older_id));
  if taken = 'hold' then
    perform payments_private.hold_for(p_user_id, 'duplicate_subscription');
  elsif taken = 'cancel' then
    perform payments_private.enforce(
      'cancel_subscription', p_newer_id, 'duplicate_subscription', p_older_id);
  end if;
end
$$;
comment on function payments_private.act_on_duplicate(text, text, uuid, timestamptz) is
  'Does what settings say about a duplicate subscription, once for each.';

create function payments_private.find_duplicate_subscription(p_subscription_id text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  -- two that are written at the same moment do not see each other: the next event of either finds them
  perform payments_private.act_on_duplicate(
    case when (mine.created_at, mine.id) > (other.created_at, other.id) then mine.id else other.id end,
    case when (mine.created_at, mine.id) > (other.created_at, other.id) then other.id else mine.id end,
    mine.user_id, greatest(mine.created_at, other.created_at))
  from payments.subscriptions as mine
  join payments.subscriptions as other on other.user_id = mine.user_id and other.id <> mine.id
  where mine.id = p_subscription_id
    and mine.status in ('active', 'trialing', 'past_due', 'unpaid', 'paused')
    and other.status in ('active', 'trialing', 'past_due', 'unpaid', 'paused')
    and exists (
      select from payments.subscription_items as a
      join payments.subscription_items as b on b.product_id = a.product_id
      where a.subscription_id = mine.id and b.subscription_id = other.id);
end
$$;
comment on function payments_private.find_duplicate_subscription(text) is
  'Looks for another live subscription of the same user to one of the same products.';

reset role;

-- `on delete cascade`: a finding means nothing without its user
alter table payments_private.duplicate_subscriptions add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete cascade;
