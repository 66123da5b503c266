import { sha256Hex } from "../../supabase/functions/_shared/hex.ts";
import { ingestRequest } from "../../supabase/functions/_shared/ingest-request.ts";
import { placeEvent } from "../../supabase/functions/_shared/place-event.ts";
import { parseEvent } from "../../supabase/functions/_shared/stripe-event.ts";
import { STRIPE_OBJECTS } from "../../tests/support/stripe-objects.ts";

/** One event as it comes over HTTP, and as `payments.ingest_event` takes it. */
export interface BenchEvent {
  readonly id: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly ingest: string;
}

/** Events that one subscriber causes: sign-up with several in one second, and a renewal. */
export const EVENTS_EACH = 10;

/**
 * The events of `subscribers` sign-ups and renewals, in Stripe's order. Two of ten show an object that
 * another event of the same second has shown, so they mark instead of applying, as in life.
 */
export async function makeEvents(
  random: () => number,
  subscribers: number,
  nowSeconds: number,
): Promise<BenchEvent[]> {
  const events: BenchEvent[] = [];
  for (let index = 0; index < subscribers; index++) {
    for (const raw of eventsOfSubscriber(tag(random), nowSeconds)) {
      events.push(await toBenchEvent(raw));
    }
  }
  return events;
}

/**
 * Takes turns: the first event of each subscriber, then the second of each. Stripe spreads a sign-up over
 * seconds, in which hundreds of others come; in a row they would keep many connections at one subscriber.
 */
export function takeTurns(events: readonly BenchEvent[]): BenchEvent[] {
  return Array.from(
    { length: EVENTS_EACH },
    (_, turn) => events.filter((_, index) => index % EVENTS_EACH === turn),
  ).flat();
}

interface RawEvent {
  type: string;
  created: number;
  object: Record<string, unknown>;
  id: string;
}

function eventsOfSubscriber(name: string, nowSeconds: number): RawEvent[] {
  const { customer, subscription, invoice, payment_intent: payment } = STRIPE_OBJECTS;
  const signedUp = nowSeconds - 900;
  const owner = { customer: `cus_${name}` };
  const subscribed = {
    ...subscription.object,
    ...owner,
    id: `sub_${name}`,
    items: {
      object: "list",
      has_more: false,
      data: [{ ...STRIPE_OBJECTS.subscriptionItem, id: `si_${name}` }],
    },
  };
  const bill = (period: string) => ({ ...invoice.object, ...owner, id: `in_${name}${period}` });
  const paid = (period: string) => ({
    ...payment.object,
    ...owner,
    id: `pi_${name}${period}`,
    status: "succeeded",
    last_payment_error: null,
  });
  const session = {
    ...STRIPE_OBJECTS["checkout.session"].object,
    ...owner,
    id: `cs_${name}`,
    subscription: `sub_${name}`,
  };
  const list: [string, number, Record<string, unknown>][] = [
    ["customer.created", 0, { ...customer.object, id: owner.customer }],
    ["customer.subscription.created", 40, { ...subscribed, status: "incomplete" }],
    ["invoice.finalized", 40, { ...bill("a"), status: "open" }],
    ["payment_intent.succeeded", 40, paid("a")],
    ["invoice.paid", 40, bill("a")],
    ["customer.subscription.updated", 40, subscribed],
    ["checkout.session.completed", 41, session],
    ["customer.subscription.updated", 600, subscribed],
    ["payment_intent.succeeded", 600, paid("b")],
    ["invoice.paid", 600, bill("b")],
  ];
  return list.map(([type, after, object], index) => ({
    type,
    created: signedUp + after,
    object,
    id: `evt_${name}${index}`,
  }));
}

async function toBenchEvent({ id, type, created, object }: RawEvent): Promise<BenchEvent> {
  const body = new TextEncoder().encode(JSON.stringify({
    id,
    object: "event",
    api_version: "2026-10-28.endive",
    created,
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
    data: { object },
  }));
  const event = parseEvent(body);
  const request = ingestRequest(event, placeEvent(event), {
    expected_livemode: false,
    body_sha256: await sha256Hex(body),
    secret_fingerprint: "0123456789abcdef",
    request_id: crypto.randomUUID(),
  });
  return { id, body, ingest: JSON.stringify(request) };
}

function tag(random: () => number): string {
  return Array.from(
    { length: 4 },
    () => Math.floor(random() * 36 ** 4).toString(36).padStart(4, "0"),
  )
    .join("");
}
