import type { Scope } from "../engine/scope.ts";
import type { Metadata, Plan, Price } from "./types.ts";

/** Stripe's billing intervals. */
export type Interval = "day" | "month" | "week" | "year";

export interface PriceRecurrence {
  interval: Interval;
  intervalCount: number;
  trialPeriodDays: number | null;
  usageType: "licensed";
}

/** A new price per unit. */
export function buildPrice(scope: Scope, from: {
  product: string;
  currency: string;
  unitAmountDecimal: string;
  recurring: PriceRecurrence | null;
  active: boolean;
  lookupKey: string | null;
  nickname: string | null;
  metadata: Metadata;
  taxBehavior: "exclusive" | "inclusive" | "unspecified";
}): Price {
  const whole = Number(from.unitAmountDecimal);
  const { recurring } = from;
  return {
    id: scope.ids.make("price"),
    object: "price",
    active: from.active,
    billing_scheme: "per_unit",
    created: scope.clock.now(),
    currency: from.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: from.lookupKey,
    metadata: from.metadata,
    nickname: from.nickname,
    product: from.product,
    recurring: recurring === null ? null : {
      interval: recurring.interval,
      interval_count: recurring.intervalCount,
      meter: null,
      trial_period_days: recurring.trialPeriodDays,
      usage_type: recurring.usageType,
    },
    tax_behavior: from.taxBehavior,
    tiers_mode: null,
    transform_quantity: null,
    type: recurring === null ? "one_time" : "recurring",
    unit_amount: Number.isInteger(whole) ? whole : null,
    unit_amount_decimal: from.unitAmountDecimal,
  };
}

/** The plan that Stripe still shows beside a recurring price. */
export function planOf(price: Price): Plan {
  const { recurring } = price;
  if (recurring === null) throw new Error(`${price.id} has no plan`);
  return {
    id: price.id,
    object: "plan",
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: recurring.interval,
    interval_count: recurring.interval_count,
    livemode: false,
    metadata: price.metadata,
    meter: null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: recurring.trial_period_days,
    usage_type: recurring.usage_type,
  };
}

/** Amount of `quantity` units in minor units, rounded as Stripe rounds. */
export function priceTotal(price: Price, quantity: number): number {
  return Math.round(Number(price.unit_amount_decimal ?? 0) * quantity);
}
