import { z } from "zod";
import { PaymentError } from "./errors.ts";
import { parseJson } from "./parse-json.ts";

/** A verified event, reduced to what decides where it goes. */
export interface StripeEvent {
  readonly id: string;
  readonly type: string;
  /** Unix seconds. */
  readonly created: number;
  readonly livemode: boolean;
  readonly apiVersion: string | null;
  /** A connected account's event: not about our own customers. */
  readonly isConnect: boolean;
  readonly object: { readonly kind: string | null; readonly id: string | null };
  /** The snapshot; undefined in thin events, which carry none. */
  readonly snapshot: object | undefined;
}

const eventId = z.string().regex(/^evt_\w{1,250}$/);
const MAX_NAME = 255;

// A verified event is never refused for a name: what is not Stripe's grammar is made harmless, and the
// event is recorded and ignored.
const eventType = z.string().min(1).transform(name);
const objectKind = z.unknown().optional().transform((kind) =>
  typeof kind === "string" ? name(kind) : null
);
const objectId = z.unknown().optional().transform((id) =>
  typeof id === "string" && /^[^\s\p{C}]{1,255}$/u.test(id) ? id : null
);
const apiVersion = z.unknown().optional().transform((version) =>
  typeof version === "string" && /^[\w.-]{1,64}$/.test(version) ? version : null
);

function name(text: string): string {
  return text.slice(0, MAX_NAME).toLowerCase().replace(/[^a-z0-9_.[\]]/g, "_");
}

const snapshotEventSchema = z.object({
  id: eventId,
  object: z.literal("event"),
  type: eventType,
  created: z.number().int().min(0).max(253402300799),
  livemode: z.boolean(),
  api_version: apiVersion,
  account: z.string().nullish(),
  data: z.object({
    object: z.looseObject({ object: objectKind, id: objectId }),
  }),
}).transform((event): StripeEvent => ({
  id: event.id,
  type: event.type,
  created: event.created,
  livemode: event.livemode,
  apiVersion: event.api_version,
  isConnect: typeof event.account === "string",
  object: { kind: event.data.object.object, id: event.data.object.id },
  snapshot: event.data.object,
}));

/** @see https://docs.stripe.com/event-destinations#thin-events */
const thinEventSchema = z.object({
  id: eventId,
  object: z.literal("v2.core.event"),
  type: eventType,
  created: z.iso.datetime({ offset: true }),
  livemode: z.boolean(),
  related_object: z.object({ id: objectId, type: objectKind }).nullish(),
}).transform((event): StripeEvent => ({
  id: event.id,
  type: event.type,
  created: Math.floor(Date.parse(event.created) / 1000),
  livemode: event.livemode,
  apiVersion: null,
  isConnect: false,
  object: { kind: event.related_object?.type ?? null, id: event.related_object?.id ?? null },
  snapshot: undefined,
}));

const eventSchema = z.union([snapshotEventSchema, thinEventSchema]);

/**
 * Parses the body of a delivery whose signature has been verified.
 *
 * @throws PaymentError bad_request when it is no event
 */
export function parseEvent(body: Uint8Array): StripeEvent {
  const parsed = eventSchema.safeParse(parseJson(body, 64));
  if (parsed.success) return parsed.data;
  throw new PaymentError("bad_request", { detail: "signed, but not a Stripe event" });
}
