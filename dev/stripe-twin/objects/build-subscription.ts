import type { Scope } from "../engine/scope.ts";
import { type Interval, planOf } from "./build-price.ts";
import type { Metadata, Price, Subscription, SubscriptionItem } from "./types.ts";

/** What a subscription is made of. */
export interface OrderedItem {
  price: Price;
  quantity: number;
  metadata: Metadata;
}

/** A new subscription with its items; its period begins now and lasts one interval, or the trial. */
export function buildSubscription(scope: Scope, from: {
  customer: string;
  items: OrderedItem[];
  status: Subscription["status"];
  metadata: Metadata;
  description: string | null;
  defaultPaymentMethod: string | null;
  collectionMethod: "charge_automatically" | "send_invoice";
  daysUntilDue: number | null;
  cancelAtPeriodEnd: boolean;
  trialEnd: number | null;
  testClock: string | null;
  saveDefaultPaymentMethod: "off" | "on_subscription";
}): Subscription {
  const now = scope.clock.now();
  const id = scope.ids.make("sub");
  const [first] = from.items;
  if (first === undefined) throw new Error("A subscription has at least one item");
  const items = from.items.map((item) =>
    buildSubscriptionItem(scope, id, item, now, from.trialEnd)
  );
  const periodEnd = Math.min(...items.map((item) => item.current_period_end));
  return {
    id,
    object: "subscription",
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: from.trialEnd ?? now,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: "included" }, type: "flexible" },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: from.cancelAtPeriodEnd ? periodEnd : null,
    cancel_at_period_end: from.cancelAtPeriodEnd,
    canceled_at: from.cancelAtPeriodEnd ? now : null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: from.collectionMethod,
    created: now,
    currency: first.price.currency,
    customer: from.customer,
    customer_account: null,
    days_until_due: from.daysUntilDue,
    default_payment_method: from.defaultPaymentMethod,
    default_source: null,
    default_tax_rates: [],
    description: from.description,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: "self" },
    },
    items: {
      object: "list",
      data: items,
      has_more: false,
      url: `/v1/subscription_items?subscription=${id}`,
    },
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: from.metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: from.saveDefaultPaymentMethod,
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    status: from.status,
    test_clock: from.testClock,
    transfer_data: null,
    trial_end: from.trialEnd,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: "create_invoice" },
    },
    trial_start: from.trialEnd === null ? null : now,
  };
}

/** One item of a subscription. */
export function buildSubscriptionItem(
  scope: Scope,
  subscription: string,
  item: OrderedItem,
  start: number,
  trialEnd: number | null,
): SubscriptionItem {
  return {
    id: scope.ids.make("si", 14),
    object: "subscription_item",
    billing_thresholds: null,
    created: scope.clock.now(),
    current_period_end: trialEnd ?? periodEnd(item.price, start),
    current_period_start: start,
    current_trial: null,
    discounts: [],
    metadata: item.metadata,
    plan: planOf(item.price),
    price: item.price,
    quantity: item.quantity,
    subscription,
    tax_rates: [],
  };
}

/** The end of a period that starts at `start`, by the calendar: a month after 31 January is the last of February. */
export function periodEnd(price: Price, start: number): number {
  const { recurring } = price;
  if (recurring === null) throw new Error(`${price.id} does not recur`);
  return addInterval(start, recurring.interval, recurring.interval_count);
}

function addInterval(start: number, interval: Interval, count: number): number {
  if (interval === "day") return start + count * 86_400;
  if (interval === "week") return start + count * 7 * 86_400;
  const months = interval === "month" ? count : 12 * count;
  const date = new Date(start * 1000);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return Math.floor(date.getTime() / 1000);
}
