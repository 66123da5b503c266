import type Stripe from "stripe";
import {
  HANDLED_EVENTS,
  type HandledEventType,
} from "../../supabase/functions/_shared/handled-events.ts";
import { STRIPE_API_VERSION } from "../../supabase/functions/_shared/stripe-client.ts";

/** What is to be done about the endpoint at one URL. */
export type Plan =
  | { readonly action: "create" }
  | { readonly action: "keep"; readonly id: string }
  | {
    readonly action: "update";
    readonly id: string;
    readonly add: readonly string[];
    readonly remove: readonly string[];
    readonly enable: boolean;
  }
  | {
    readonly action: "refuse";
    readonly code: "other_version" | "several_endpoints";
    readonly ids: readonly string[];
  };

const EVENT_TYPES: readonly HandledEventType[] = Object.keys(HANDLED_EVENTS).filter(isHandled)
  .toSorted();

/** Compares what Stripe has for this URL with what the code handles. Changes nothing. */
export async function planEndpoint(stripe: Stripe, url: string): Promise<Plan> {
  const endpoints: Stripe.WebhookEndpoint[] = [];
  for await (const endpoint of stripe.webhookEndpoints.list({ limit: 100 })) {
    if (URL.parse(endpoint.url)?.href === new URL(url).href) endpoints.push(endpoint);
  }
  const [endpoint] = endpoints;
  if (endpoint === undefined) return { action: "create" };
  const ids = endpoints.map(({ id }) => id);
  if (ids.length > 1) return { action: "refuse", code: "several_endpoints", ids };
  if (endpoint.api_version !== STRIPE_API_VERSION) {
    return { action: "refuse", code: "other_version", ids };
  }
  const wanted = new Set<string>(EVENT_TYPES);
  const present = new Set(endpoint.enabled_events);
  const add = EVENT_TYPES.filter((type) => !present.has(type));
  const remove = endpoint.enabled_events.filter((type) => !wanted.has(type));
  const enable = endpoint.status !== "enabled";
  return add.length + remove.length === 0 && !enable
    ? { action: "keep", id: endpoint.id }
    : { action: "update", id: endpoint.id, add, remove, enable };
}

/** Makes the endpoint; the secret is shown by Stripe this once. */
export async function createEndpoint(
  stripe: Stripe,
  url: string,
): Promise<{ id: string; secret: string }> {
  const { id, secret } = await stripe.webhookEndpoints.create({
    url,
    enabled_events: [...EVENT_TYPES],
    api_version: STRIPE_API_VERSION,
    description: "supabase-stripe-payments",
  });
  if (secret === undefined) throw new Error("Stripe made the endpoint without showing its secret");
  return { id, secret };
}

/** Gives an endpoint exactly the handled events, and enables it. */
export async function updateEndpoint(stripe: Stripe, id: string): Promise<void> {
  await stripe.webhookEndpoints.update(id, { enabled_events: [...EVENT_TYPES], disabled: false });
}

function isHandled(type: string): type is HandledEventType {
  return Object.hasOwn(HANDLED_EVENTS, type);
}
