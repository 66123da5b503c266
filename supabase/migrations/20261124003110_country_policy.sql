-- Purpose: payments from countries that the shop does not want, known from Stripe's data after payment.
-- Objects: settings country_allow, country_deny, country_action; payments_private.charges,
--          country_checks, check_charge_country, check_session_country.
-- Risk:    may hold a user or refund a payment; each payment is judged once, and none that is older
--          than three days: a change of the settings does not reach back.
--
-- Of an address only the two letters of its country are kept.

set role payments_owner;

-- 1. Settings -------------------------------------------------------------------------------------

create function payments_private.are_countries(p_codes text[]) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  -- ISO 3166-1 alpha-2, and XK, which Stripe uses for Kosovo
  return p_codes <@ string_to_array(
    'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW '
    'BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI '
    'FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN '
    'IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME '
    'MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF '
    'PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV '
    'SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK '
    'YE YT ZA ZM ZW', ' ');
end
$$;
comment on function payments_private.are_countries(text[]) is 'Whether all of them are two-letter codes of countries.';

alter table payments_private.settings
  add column country_allow text[] not null default '{}',
  add column country_deny text[] not null default '{}',
  add column country_action text not null default 'alert',
  add constraint countries_are_known check (
    payments_private.are_countries(country_allow) and payments_private.are_countries(country_deny)
    and coalesce(array_ndims(country_allow), 1) = 1 and coalesce(array_ndims(country_deny), 1) = 1),
  add constraint a_country_is_not_in_both_lists check (not country_allow && country_deny),
  add constraint country_action_is_known check (country_action in ('alert', 'hold', 'refund'));
comment on column payments_private.settings.country_allow is
  'Countries that may pay (ISO 3166-1 alpha-2); empty: all that are not denied.';
comment on column payments_private.settings.country_deny is 'Countries that may not pay (ISO 3166-1 alpha-2).';
comment on column payments_private.settings.country_action is
  'What a payment from another country does beside its alert: nothing, put its user on hold, or refund it.';

create function payments_private.is_country_refused(p_countries text[]) returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
  known text[] := array_remove(p_countries, null);
begin
  return (
    select known && s.country_deny or (s.country_allow <> '{}' and not known <@ s.country_allow)
    from payments_private.settings as s);
end
$$;
comment on function payments_private.is_country_refused(text[]) is
  'Whether one of these countries is denied, or not among those allowed; what is unknown (null) is not refused.';

-- 2. What Stripe knows ----------------------------------------------------------------------------

create table payments_private.charges (
  id text primary key,
  payment_id text,
  customer_id text,
  amount bigint not null,
  currency text not null,
  paid boolean not null,
  card_country text,
  billing_country text,
  created_at timestamptz not null,
  constraint id_is_a_charge_id check (id ~ '^(ch|py)_[A-Za-z0-9_]+$' and length(id) <= 255),
  constraint amount_is_not_negative check (amount >= 0),
  constraint countries_are_two_letters check (card_country ~ '^[A-Z]{2}$' and billing_country ~ '^[A-Z]{2}$')
);
comment on table payments_private.charges is
  'Mirror of Stripe charges, for the countries of card and billing address; nothing else of the card, nothing else of the address.';
comment on column payments_private.charges.card_country is 'Where the card was issued.';
create index charges_payment on payments_private.charges (payment_id);

create table payments_private.country_checks (
  subject text not null,
  source text not null,
  countries text[] not null,
  action text,
  checked_at timestamptz not null default now(),
  constraint country_checks_pkey primary key (subject, source),
  constraint source_is_known check (source in ('charge', 'session')),
  constraint action_is_known check (action in ('alert', 'hold', 'refund'))
);
comment on table payments_private.country_checks is
  'Payments (or checkout sessions without one) whose countries were judged; action: what was done.';
create unique index a_payment_is_acted_on_once on payments_private.country_checks (subject) where action is not null;

alter table payments_private.charges enable row level security;
alter table payments_private.country_checks enable row level security;

create function payments_private.write_charge(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into payments_private.charges (
    id, payment_id, customer_id, amount, currency, paid, card_country, billing_country, created_at)
  select
    r.id, r.payment_id, r.customer_id, r.amount, r.currency, r.paid, r.card_country, r.billing_country, r.created_at
  from jsonb_populate_record(null::payments_private.charges, p) as r
  on conflict (id) do update set
    payment_id = excluded.payment_id, customer_id = excluded.customer_id, amount = excluded.amount,
    currency = excluded.currency, paid = excluded.paid, card_country = excluded.card_country,
    billing_country = excluded.billing_country;
end
$$;
comment on function payments_private.write_charge(jsonb) is 'Upserts one charge.';

-- 3. The policy -----------------------------------------------------------------------------------

create function payments_private.refund_by_rule(
  p_payment_id text, p_amount_minor bigint, p_rule text, p_countries text[]
) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  -- a person may ask for a refund at the same moment: then Stripe, which knows the sum, refuses one of the two
  amount bigint := p_amount_minor - payments_private.refunded_or_queued(p_payment_id);
begin
  if amount < 1 then
    return;
  end if;
  insert into payments_private.refund_requests (payment_id, amount_minor, reason, rule, countries)
  values (p_payment_id, amount, p_rule, p_rule, p_countries) on conflict do nothing;
  if found then
    perform audit.append('system', null, 'refund.requested', 'success', 'payment_intent', p_payment_id,
      p_reason => p_rule, p_detail => jsonb_build_object('amount_minor', amount));
  end if;
end
$$;
comment on function payments_private.refund_by_rule(text, bigint, text, text[]) is
  'Queues what is left of a payment for its refund, once for each payment and rule. The worker refunds only what Stripe itself shows with these countries.';

create function payments_private.judge_country(
  p_subject text, p_source text, p_customer_id text, p_countries text[], p_paid_minor bigint
) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  known text[] := array_remove(p_countries, null);
  payer uuid := payments_private.owner_of(p_customer_id);
  taken text;
begin
  if known = '{}' then
    return;
  end if;
  insert into payments_private.country_checks (subject, source, countries, action)
  select p_subject, p_source, known, case
    when not payments_private.is_country_refused(known) then null
    when payer is null then 'alert' -- not a customer of ours: people decide
    when s.country_action = 'refund' and p_paid_minor is null then 'hold' -- nothing was paid yet
    else s.country_action end
  from payments_private.settings as s
  on conflict do nothing
  returning action into taken;
  if taken is null then
    return;
  end if;
  perform payments_private.raise_alert('country_mismatch', p_subject, 'warning',
    jsonb_build_object('countries', known, 'source', p_source, 'action', taken));
  perform audit.append('system', null, 'country.refused', 'success', p_source, p_subject, p_reason => taken,
    p_detail => jsonb_build_object('countries', known));
  if taken = 'hold' then
    perform payments_private.hold_for(payer, 'country_mismatch');
  elsif taken = 'refund' then
    perform payments_private.refund_by_rule(p_subject, p_paid_minor, 'country_mismatch', known);
  end if;
end
$$;
comment on function payments_private.judge_country(text, text, text, text[], bigint) is
  'Judges a payment (or an unpaid session) by its countries, once for each source, and acts at most once for each payment.';

create function payments_private.check_charge_country(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  if (p ->> 'paid')::boolean and p ->> 'payment_id' is not null
    and (p ->> 'created_at')::timestamptz > now() - interval '3 days' then
    perform payments_private.judge_country(p ->> 'payment_id', 'charge', p ->> 'customer_id',
      array[p ->> 'card_country', p ->> 'billing_country'], (p ->> 'amount')::bigint);
  end if;
end
$$;
comment on function payments_private.check_charge_country(jsonb) is
  'Judges a payment by the countries of its charge: where the card was issued, and the billing address.';

create function payments_private.check_session_country(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  if p ->> 'status' = 'complete' and (p ->> 'created_at')::timestamptz > now() - interval '3 days' then
    -- a subscription's payment is not named here; its charge tells the same country
    if p ->> 'payment_status' = 'paid' and p ->> 'payment_id' is not null then
      perform payments_private.judge_country(p ->> 'payment_id', 'session', p ->> 'customer_id',
        array[p ->> 'customer_country'], (p ->> 'amount_total')::bigint);
    elsif p ->> 'payment_status' = 'no_payment_required' then
      perform payments_private.judge_country(p ->> 'id', 'session', p ->> 'customer_id',
        array[p ->> 'customer_country'], null);
    end if;
  end if;
end
$$;
comment on function payments_private.check_session_country(jsonb) is
  'Judges a completed session by the country of the billing address.';

reset role;
