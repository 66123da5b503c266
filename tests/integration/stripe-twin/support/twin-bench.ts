import Stripe from "stripe";
import { startTwin, type Twin, type TwinOptions } from "../../../../dev/stripe-twin/start-twin.ts";

export const apiKey = "sk_test_twinbench12345";
export const webhookSecret = "whsec_twinbench";

/** One delivery as the endpoint saw it, its signature verified by the SDK. */
export interface Received {
  event: Stripe.Event;
  headers: Headers;
  body: string;
}

/** A twin on a free port, the SDK pointed at it, and an endpoint that keeps what arrives. */
export interface TwinBench {
  twin: Twin;
  stripe: Stripe;
  received: Received[];
  /** What the endpoint answers from now on. */
  answerWith(status: number | (() => number)): void;
  /** Runs a control and returns its answer. */
  control(path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Types of the events the twin made, oldest first, from the `skip`-th on. */
  eventTypes(skip?: number): Promise<string[]>;
  close(): Promise<void>;
}

/** Points the SDK at a twin, without retries of its own. */
export function sdkFor(
  url: string,
  key = apiKey,
  config: Partial<Stripe.StripeConfig> = {},
): Stripe {
  const { hostname, port } = new URL(url);
  return new Stripe(key, {
    host: hostname,
    port,
    protocol: "http",
    maxNetworkRetries: 0,
    telemetry: false,
    ...config,
  });
}

/** Starts a bench. */
export async function startBench(options: Partial<TwinOptions> = {}): Promise<TwinBench> {
  const received: Received[] = [];
  let answer: () => number = () => 200;
  const verifier = new Stripe(apiKey);
  const receiver = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const body = await request.text();
      const signature = request.headers.get("stripe-signature") ?? "";
      const event = await verifier.webhooks.constructEventAsync(body, signature, webhookSecret);
      received.push({ event, headers: request.headers, body });
      return new Response(null, { status: answer() });
    },
  );
  const twin = await startTwin({
    port: 0,
    apiKeys: [apiKey, "rk_test_twinbench12345"],
    endpoints: [{
      url: `http://127.0.0.1:${receiver.addr.port}/hook`,
      secret: webhookSecret,
      enabledEvents: ["*"],
    }],
    ...options,
  });
  const control: TwinBench["control"] = async (path, body) => {
    const response = await fetch(`${twin.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body ?? {}),
    });
    const parsed: unknown = await response.json();
    return { status: response.status, body: toRecord(parsed) };
  };
  return {
    twin,
    stripe: sdkFor(twin.url),
    received,
    answerWith(status) {
      answer = typeof status === "number" ? () => status : status;
    },
    control,
    async eventTypes(skip = 0) {
      const response = await fetch(`${twin.url}/_twin/state`);
      const state = toRecord(await response.json());
      const events = Array.isArray(state["events"]) ? state["events"] : [];
      return events.slice(skip).map((event: unknown) => String(toRecord(event)["type"]));
    },
    async close() {
      await twin.close();
      await receiver.shutdown();
    },
  };
}

/** A plain object out of parsed JSON. */
export function toRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** The id of an expandable field. */
export function idOf(value: string | { id: string } | null | undefined): string {
  if (value === null || value === undefined) throw new Error("There is no object");
  return typeof value === "string" ? value : value.id;
}

/** A product with a monthly price. */
export async function monthlyPrice(stripe: Stripe, unitAmount = 2900): Promise<Stripe.Price> {
  const product = await stripe.products.create({ name: "Pro" });
  return await stripe.prices.create({
    product: product.id,
    currency: "usd",
    unit_amount: unitAmount,
    recurring: { interval: "month" },
  });
}

/** An open session in subscription mode for a new customer. */
export async function subscriptionSession(
  stripe: Stripe,
  extra: Partial<Stripe.Checkout.SessionCreateParams> = {},
): Promise<Stripe.Checkout.Session> {
  const price = await monthlyPrice(stripe);
  const customer = await stripe.customers.create({ metadata: { user_id: "u1" } });
  return await stripe.checkout.sessions.create({
    mode: "subscription",
    customer: customer.id,
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: "http://127.0.0.1:9/done?id={CHECKOUT_SESSION_ID}",
    cancel_url: "http://127.0.0.1:9/back",
    subscription_data: { metadata: { user_id: "u1" } },
    ...extra,
  });
}

/** A customer with a working default card. */
export async function payingCustomer(
  stripe: Stripe,
  method = "pm_card_visa",
): Promise<Stripe.Customer> {
  const customer = await stripe.customers.create({ email: "payer@example.com" });
  const attached = await stripe.paymentMethods.attach(method, { customer: customer.id });
  return await stripe.customers.update(customer.id, {
    invoice_settings: { default_payment_method: attached.id },
  });
}
