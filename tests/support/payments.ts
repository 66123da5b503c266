// What tests do with the shop's backend: check out, pay, deliver webhooks, wait for what must come.
import Stripe from "stripe";
import { signatureHeader, utf8 } from "./sign-event.ts";
import { callFunction, type SignedInUser, stack } from "./stack.ts";

/** The SDK, pointed at the stack's Stripe. */
export function stripeClient(): Stripe {
  const url = new URL(stack().stripeUrl);
  return new Stripe(stack().stripeSecretKey, {
    host: url.hostname,
    port: Number(url.port),
    protocol: "http",
    telemetry: false,
    maxNetworkRetries: 0,
  });
}

/** A control of the Stripe twin. */
export async function twin<T = unknown>(path: string, body: unknown = {}): Promise<T> {
  const response = await fetch(`${stack().stripeUrl}/_twin/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return await response.json();
}

/** A valid body of create-checkout, to be changed by a test. */
export function checkoutBody(changes: Record<string, unknown> = {}) {
  return {
    mode: "subscription",
    items: [{ price: "starter_monthly", quantity: 1 }],
    success_url: `${stack().webUrl}/return?session_id={CHECKOUT_SESSION_ID}`,
    cancel_url: `${stack().webUrl}/pricing`,
    ...changes,
  };
}

export interface OpenedCheckout {
  id: string;
  url: string;
  expires_at: number;
}

/** Opens a checkout that must succeed. */
export async function openCheckout(
  user: SignedInUser,
  changes: Record<string, unknown> = {},
): Promise<OpenedCheckout> {
  const response = await callFunction("create-checkout", checkoutBody(changes), user);
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return await response.json();
}

/** Opens a subscription checkout, pays it and waits until the user sees it active. */
export async function subscribe(user: SignedInUser, price = "starter_monthly"): Promise<string> {
  const session = await openCheckout(user, { items: [{ price, quantity: 1 }] });
  await twin(`checkout_sessions/${session.id}/pay`, { card: "4242424242424242" });
  const subscription = await until(async () => {
    const { data } = await user.client.schema("payments").from("subscriptions")
      .select("id, status").eq("status", "active");
    return data?.[0];
  });
  return subscription.id;
}

/** Repeats a question until it has an answer. */
export async function until<T>(
  ask: () => Promise<T | null | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`nothing came within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A fresh id with Stripe's prefix. */
export function stripeId(prefix: string): string {
  return `${prefix}_${crypto.randomUUID().replaceAll("-", "")}`;
}

export interface TestEvent {
  id?: string;
  type: string;
  object: Record<string, unknown>;
  created?: number;
  livemode?: boolean;
}

/** The body of a delivery as Stripe writes it. */
export function eventBody(event: TestEvent): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify({
    id: event.id ?? stripeId("evt"),
    object: "event",
    api_version: "2026-10-28.endive",
    created: event.created ?? nowSeconds(),
    livemode: event.livemode ?? false,
    pending_webhooks: 1,
    request: null,
    type: event.type,
    data: { object: event.object },
  }));
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Posts bytes to the webhook, signed with the stack's secret unless a test says otherwise. */
export async function deliver(
  body: Uint8Array<ArrayBuffer>,
  { secret = stack().webhookSecret, timestamp = nowSeconds(), signature }: {
    secret?: string;
    timestamp?: number;
    signature?: string | null;
  } = {},
): Promise<Response> {
  const header = signature === undefined
    ? await signatureHeader(body, secret, timestamp)
    : signature;
  return await fetch(`${stack().functionsUrl}/stripe-webhook`, {
    method: "POST",
    headers: {
      "content-type": "application/json; charset=utf-8",
      ...(header === null ? {} : { "stripe-signature": header }),
    },
    body,
  });
}

/** Delivers and returns the outcome the webhook answered with. */
export async function outcomeOf(body: Uint8Array<ArrayBuffer>): Promise<string> {
  const response = await deliver(body);
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()).outcome;
}

/** Runs the worker once, as its scheduler does. */
export async function runWorker(): Promise<
  { tasks: { refresh: { done: number; failed: number } } }
> {
  const response = await callFunction("payments-worker", {}, {
    headers: { apikey: stack().workerKey },
  });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return await response.json();
}

/** status and code of a refusal; what is no problem+json has its media type as code, which no test expects. */
export async function refusal(response: Response): Promise<{ status: number; code: string }> {
  const type = response.headers.get("content-type");
  if (type !== "application/problem+json") {
    await response.body?.cancel();
    return { status: response.status, code: `not a problem but ${type}` };
  }
  const { status, code, request_id } = await response.json();
  if (request_id !== response.headers.get("x-request-id")) throw new Error("request ids differ");
  return { status, code };
}
