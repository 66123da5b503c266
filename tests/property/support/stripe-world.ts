// The Stripe twin in this process, with a clock that only the history moves, and the SDK on top.
import Stripe from "stripe";
import { z } from "zod";
import { startTwin, type Twin } from "../../../dev/stripe-twin/start-twin.ts";
import { STRIPE_API_VERSION } from "../../../supabase/functions/_shared/stripe-client.ts";
import type { History } from "./history.ts";

const KEY = "sk_test_property";
const eventSchema = z.looseObject({ id: z.string(), created: z.number() });
const eventListSchema = z.looseObject({ data: z.array(eventSchema) });

/** An event as Stripe would deliver it. */
export interface StripeWorldEvent {
  id: string;
  type: string;
  created: number;
  body: string;
}

export interface StripeWorld {
  /** For making things happen, and for the truth in the end. */
  stripe: Stripe;
  /** For the workers: `before` runs ahead of each call and may fail it. */
  clientFor(before: (path: string) => Promise<void>): Stripe;
  control(path: string, body?: unknown): Promise<void>;
  /** Events that were made since the last call, oldest first. */
  newEvents(): Promise<StripeWorldEvent[]>;
  /** Stripe's time, unix seconds. */
  now(): number;
  advance(seconds: number): Promise<void>;
  /** It becomes now, by Stripe's clock. */
  catchUp(): Promise<void>;
  close(): Promise<void>;
}

export async function openStripeWorld(history: History): Promise<StripeWorld> {
  const ends = Math.floor(Date.now() / 1000) + history.skewSeconds;
  let now = ends - history.spanSeconds;
  const twin = await startTwin({
    port: 0,
    apiKeys: [KEY],
    seed: history.seed,
    wallMilliseconds: () => now * 1000,
  });
  const ask = askWithJitter(twin, history.jitterSeconds);
  const control = async (path: string, body: unknown = {}) => {
    const response = await twin.fetch(
      new Request(`http://127.0.0.1/_twin/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );
    // a declined card or a charge refunded twice: nothing happened, as at Stripe
    if (response.status >= 500) throw new Error(`${path}: ${await response.text()}`);
  };
  const moveTo = async (seconds: number) => {
    now = seconds;
    await control("clock", { now });
  };
  const stripe = sdk(ask);
  return {
    stripe,
    clientFor: (before) =>
      sdk(async (request) => {
        await before(new URL(request.url).pathname);
        return await ask(request);
      }),
    control,
    newEvents: eventReader(ask),
    now: () => now,
    advance: (seconds) => moveTo(Math.min(now + seconds, ends)),
    catchUp: () => moveTo(ends),
    close: () => twin.close(),
  };
}

type Ask = (request: Request) => Promise<Response>;

function sdk(ask: Ask): Stripe {
  return new Stripe(KEY, {
    apiVersion: STRIPE_API_VERSION,
    host: "127.0.0.1",
    protocol: "http",
    httpClient: Stripe.createFetchHttpClient((input: RequestInfo | URL, init?: RequestInit) => {
      const request = new Request(input, init);
      request.headers.delete("idempotency-key"); // nothing is retried, and the twin takes its time over keys
      return ask(request);
    }),
    maxNetworkRetries: 0,
    telemetry: false,
  });
}

/** Reads events newest first until it meets one that it knows. */
function eventReader(ask: Ask): () => Promise<StripeWorldEvent[]> {
  const known = new Set<string>();
  return async () => {
    const response = await ask(
      new Request("http://127.0.0.1/v1/events?limit=100", {
        headers: { authorization: `Bearer ${KEY}` },
      }),
    );
    const { data } = eventListSchema.parse(await response.json());
    const found = data.filter(({ id }) => !known.has(id)).toReversed();
    for (const { id } of found) known.add(id);
    return found.map((event) => ({
      id: event.id,
      type: String(event["type"]),
      created: event.created,
      body: JSON.stringify(event),
    }));
  };
}

/** Stripe is many machines: no two of its times for one moment need agree. An event's time is one, for good. */
function askWithJitter(twin: Twin, jitterSeconds: number): Ask {
  if (jitterSeconds === 0) return (request) => twin.fetch(request);
  const shift = (text: string) => Math.round((hash(text) * 2 - 1) * jitterSeconds);
  return async (request) => {
    const response = await twin.fetch(request);
    const headers = new Headers(response.headers);
    const text = await response.text();
    const date = Date.parse(headers.get("date") ?? "");
    if (!Number.isNaN(date)) {
      headers.set(
        "date",
        new Date(date + shift(headers.get("request-id") ?? "") * 1000).toUTCString(),
      );
    }
    const body = new URL(request.url).pathname.startsWith("/v1/events")
      ? text.replaceAll(
        /"id": "(evt_\w+)",\s+"object": "event",\s+"api_version": "([^"]+)",\s+"created": (\d+)/g,
        (_all, id: string, version: string, created: string) =>
          `"id": "${id}", "object": "event", "api_version": "${version}", "created": ${
            Number(created) + shift(id)
          }`,
      )
      : text;
    return new Response(body, { status: response.status, headers });
  };
}

/** FNV-1a, as a number in [0, 1). */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (const character of text) {
    state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return (state >>> 0) / 2 ** 32;
}
