-- Purpose: the catalogue answers money questions: what may be bought, and for how much.
-- Objects: payments_private.price_checkout.
-- Risk:    none; reads the catalogue.

set role payments_owner;

create function payments_private.price_checkout(
  p_mode text, p_items jsonb, out items jsonb, out currency text, out amount_minor bigint, out errors jsonb
)
language plpgsql stable
set search_path = ''
as $$
begin
  with asked as (
    select (i.ordinality - 1)::integer as position, i.value ->> 'price' as reference,
      (i.value ->> 'quantity')::bigint as quantity
    from jsonb_array_elements(p_items) with ordinality as i
  ), priced as (
    select a.position, a.quantity, p.*, coalesce(o.active and o.deleted_at is null, false) as is_buyable
    from asked as a
    left join lateral (
      select c.* from payments.prices as c
      where (c.id = a.reference or c.lookup_key = a.reference) and c.active and c.deleted_at is null
      order by (c.id = a.reference) desc, c.created_at desc, c.id limit 1
    ) as p on true
    left join payments.products as o on o.id = p.product_id
  ), judged as (
    select *, case
      when not is_buyable then 'price_unavailable'
      when unit_amount is null or billing_scheme <> 'per_unit' or recurring_usage_type = 'metered'
        or transforms_quantity
        then 'price_not_computable'
      when p_mode = 'payment' and type <> 'one_time' then 'price_not_for_mode'
      when p_mode = 'subscription' and type <> 'recurring' then 'price_not_for_mode'
      when priced.currency <> first_value(priced.currency) over (order by position) then 'mixed_currencies'
      when count(*) over (partition by id) > 1 then 'price_repeated'
      when unit_amount * quantity > 99999999 then 'amount_too_large' -- Stripe: eight digits at most
    end as error
    from priced
  )
  select
    jsonb_agg(jsonb_build_object('price', id, 'product', product_id, 'quantity', quantity,
      'unit_amount', unit_amount) order by position),
    min(judged.currency), sum(unit_amount * quantity),
    coalesce(jsonb_agg(jsonb_build_object('path', format('items.%s.price', position), 'code', error))
      filter (where error is not null), '[]')
  into items, currency, amount_minor, errors
  from judged;

  if errors = '[]' and amount_minor > 99999999 then
    errors := '[{"path": "items", "code": "amount_too_large"}]';
  end if;
end
$$;
comment on function payments_private.price_checkout(text, jsonb) is
  'Resolves [{price, quantity}] (price: id or lookup key) against the catalogue. Amounts in minor units; errors is [] when all may be bought.';

reset role;
