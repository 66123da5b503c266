import Stripe from "stripe";
import { pick, rest } from "./history.ts";
import type { StripeWorld } from "./stripe-world.ts";

/** What a history has made so far at Stripe. */
export interface Made {
  customers: string[];
  products: string[];
  prices: { id: string; product: string }[];
  subscriptions: string[];
  charges: string[];
  methods: string[];
  features: string[];
}

export function nothingMade(): Made {
  return {
    customers: [],
    products: [],
    prices: [],
    subscriptions: [],
    charges: [],
    methods: [],
    features: [],
  };
}

/** Where things are made to happen. */
export type Stage = Pick<StripeWorld, "stripe" | "control">;

type Operation = (world: Stage, made: Made, draw: number) => Promise<unknown>;

/** A card that works, most of the time. */
const CARDS = ["pm_card_visa", "pm_card_visa", "pm_card_mastercard", "pm_card_chargeCustomerFail"];

const OPERATIONS: Record<string, Operation> = {
  async "customer created"({ stripe }, made) {
    made.customers.push((await stripe.customers.create({ metadata: { from: "history" } })).id);
  },
  "customer updated": ({ stripe }, made, draw) =>
    stripe.customers.update(pick(made.customers, draw), { description: String(draw) }),
  "customer deleted": ({ stripe }, made, draw) => stripe.customers.del(pick(made.customers, draw)),
  async "product created"({ stripe }, made, draw) {
    made.products.push((await stripe.products.create({ name: `Product ${draw}` })).id);
  },
  "product updated": ({ stripe }, made, draw) =>
    stripe.products.update(pick(made.products, draw), { name: `Renamed ${draw}` }),
  "product archived": ({ stripe }, made, draw) =>
    stripe.products.update(pick(made.products, draw), { active: draw < 0.5 }),
  async "product deleted"({ stripe }, _made, draw) {
    // Stripe keeps a product that has prices, so it is one that has none
    const { id } = await stripe.products.create({ name: `Short-lived ${draw}` });
    await stripe.products.del(id);
  },
  async "price created"({ stripe }, made, draw) {
    const product = pick(made.products, draw);
    const price = await stripe.prices.create({
      product,
      currency: "usd",
      unit_amount: 100 + Math.floor(draw * 5000),
      recurring: { interval: "month" },
      // one of two keys, so that prices take them from each other
      ...(rest(draw, 7) < 0.5
        ? { lookup_key: pick(["key_a", "key_b"], rest(draw, 14)), transfer_lookup_key: true }
        : {}),
    });
    made.prices.push({ id: price.id, product });
  },
  "price updated": ({ stripe }, made, draw) =>
    stripe.prices.update(pick(made.prices, draw).id, {
      active: rest(draw, 20) < 0.7,
      nickname: String(draw),
    }),
  async "subscription created"({ stripe }, made, draw) {
    const customer = pick(made.customers, draw);
    const method = await stripe.paymentMethods.attach(pick(CARDS, rest(draw, 5)), { customer });
    made.methods.push(method.id);
    const subscription = await stripe.subscriptions.create({
      customer,
      items: [{ price: pick(made.prices, rest(draw, 11)).id, quantity: 1 + Math.floor(draw * 3) }],
      default_payment_method: method.id,
      ...(rest(draw, 3) < 0.2 ? { trial_period_days: 7 } : {}),
    });
    made.subscriptions.push(subscription.id);
  },
  "subscription canceled": ({ control }, made, draw) =>
    control(`subscriptions/${pick(made.subscriptions, draw)}/cancel`),
  "subscription set to cancel": ({ stripe }, made, draw) =>
    stripe.subscriptions.update(pick(made.subscriptions, draw), { cancel_at_period_end: true }),
  "subscription resumed": ({ stripe }, made, draw) =>
    stripe.subscriptions.update(pick(made.subscriptions, draw), { cancel_at_period_end: false }),
  async "subscription changed"({ stripe }, made, draw) {
    const subscription = await stripe.subscriptions.retrieve(pick(made.subscriptions, draw));
    const item = pick(subscription.items.data, 0);
    await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item.id, quantity: 1 + Math.floor(rest(draw, 9) * 5) }],
      proration_behavior: "none",
    });
  },
  "subscription renewed": ({ control }, made, draw) =>
    control(`subscriptions/${pick(made.subscriptions, draw)}/renew`),
  "renewal failed": ({ control }, made, draw) =>
    control(`subscriptions/${pick(made.subscriptions, draw)}/fail_renewal`),
  async "payment tried"({ stripe }, made, draw) {
    const intent = await stripe.paymentIntents.create({
      amount: 500 + Math.floor(draw * 900),
      currency: "usd",
      confirm: true,
      payment_method: pick([...CARDS, "pm_card_createDispute"], rest(draw, 6)),
      ...(made.customers.length > 0 ? { customer: pick(made.customers, rest(draw, 4)) } : {}),
      automatic_payment_methods: { enabled: true, allow_redirects: "never" },
    });
    if (typeof intent.latest_charge === "string") made.charges.push(intent.latest_charge);
  },
  async "payment canceled"({ stripe }) {
    const intent = await stripe.paymentIntents.create({ amount: 900, currency: "usd" });
    await stripe.paymentIntents.cancel(intent.id);
  },
  "charge refunded": ({ control }, made, draw) =>
    control(
      `charges/${pick(made.charges, draw)}/refund`,
      rest(draw, 5) < 0.6 ? { amount: 100 } : {},
    ),
  "charge disputed": async ({ stripe, control }, made, draw) =>
    control(`charges/${await chargeOf(stripe, made, draw)}/dispute`),
  async "dispute closed"({ stripe, control }, made, draw) {
    await control(`charges/${await chargeOf(stripe, made, draw)}/dispute`);
    const { data } = await stripe.disputes.list({ limit: 1 });
    await stripe.disputes.close(pick(data, 0).id);
  },
  "fraud warned of": async ({ stripe, control }, made, draw) =>
    control(`charges/${await chargeOf(stripe, made, draw)}/early_fraud_warning`),
  async "feature given"({ stripe }, made, draw) {
    const feature = await stripe.entitlements.features.create({
      name: "Feature",
      lookup_key: `feature_${made.features.length}`,
    });
    made.features.push(feature.id);
    await stripe.products.createFeature(pick(made.products, draw), {
      entitlement_feature: feature.id,
    });
  },
  "method detached": ({ stripe }, made, draw) =>
    stripe.paymentMethods.detach(pick(made.methods, draw)),
  async "checkout paid"({ stripe, control }, made, draw) {
    const session = await openCheckout(stripe, made, draw);
    await control(`checkout_sessions/${session}/pay`, { card: "4242424242424242" });
  },
  async "checkout expired"({ stripe, control }, made, draw) {
    await control(`checkout_sessions/${await openCheckout(stripe, made, draw)}/expire`);
  },
};

/** One that there is, or a new one. */
async function chargeOf(stripe: Stripe, made: Made, draw: number): Promise<string> {
  if (made.charges.length > 0 && rest(draw, 23) < 0.7) return pick(made.charges, draw);
  const { latest_charge } = await stripe.paymentIntents.create({
    amount: 1200,
    currency: "usd",
    confirm: true,
    payment_method: "pm_card_visa",
    automatic_payment_methods: { enabled: true, allow_redirects: "never" },
  });
  if (typeof latest_charge !== "string") throw new RangeError("There is no charge");
  made.charges.push(latest_charge);
  return latest_charge;
}

async function openCheckout(stripe: Stripe, made: Made, draw: number): Promise<string> {
  const session = await stripe.checkout.sessions.create({
    mode: "subscription",
    customer: pick(made.customers, draw),
    line_items: [{ price: pick(made.prices, rest(draw, 13)).id, quantity: 1 }],
    success_url: "https://shop.example/return",
    cancel_url: "https://shop.example/pricing",
  });
  return session.id;
}

export const OPERATION_NAMES: readonly string[] = Object.keys(OPERATIONS);

/** Changes an object in what is mirrored of it, where it can still change. */
const TOUCHES: Record<string, (stripe: Stripe, id: string, draw: number) => Promise<unknown>> = {
  product: (stripe, id, draw) => stripe.products.update(id, { name: `Touched ${draw}` }),
  async price(stripe, id) {
    const price = await stripe.prices.retrieve(id);
    await stripe.prices.update(id, { active: !price.active });
  },
  async subscription(stripe, id, draw) {
    const subscription = await stripe.subscriptions.retrieve(id);
    if (draw < 0.2) await stripe.subscriptions.cancel(id);
    else if (
      subscription.status === "incomplete" && typeof subscription.latest_invoice === "string"
    ) {
      await stripe.invoices.pay(subscription.latest_invoice, { payment_method: "pm_card_visa" });
    } else {
      const cancels = subscription.cancel_at_period_end;
      await stripe.subscriptions.update(id, { cancel_at_period_end: !cancels });
    }
  },
  payment_intent: (stripe, id) => stripe.paymentIntents.cancel(id),
  invoice: (stripe, id) => stripe.invoices.pay(id),
  dispute: (stripe, id) => stripe.disputes.close(id),
  payment_method: (stripe, id) => stripe.paymentMethods.detach(id),
  customer: (stripe, id, draw) =>
    draw < 0.3
      ? stripe.customers.del(id)
      : stripe.customers.update(id, { description: String(draw) }),
};

/** Changes this very object, unless Stripe refuses. */
export async function touch(
  world: Stage,
  { kind, id }: { kind: string; id: string },
  draw: number,
): Promise<void> {
  try {
    await TOUCHES[kind]?.(world.stripe, id, draw);
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
  }
}

/** What others build on comes first; afterwards anything. */
const FIRST = ["product created", "price created", "customer created", "subscription created"];

/**
 * Makes one thing happen at Stripe.
 * @returns its name, or null where Stripe refused it or there was nothing to do it to
 */
export async function operate(
  world: Stage,
  made: Made,
  draw: number,
): Promise<string | null> {
  const begun = [made.products, made.prices, made.customers, made.subscriptions]
    .findIndex((list) => list.length === 0);
  const name = begun === -1 ? pick(OPERATION_NAMES, draw) : FIRST[begun] ?? "customer created";
  try {
    await OPERATIONS[name]?.(world, made, rest(draw, OPERATION_NAMES.length));
    return name;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError || error instanceof RangeError) return null;
    throw error;
  }
}
