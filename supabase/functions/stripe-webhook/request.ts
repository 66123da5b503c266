import { z } from "zod";
import { PaymentError } from "../_shared/errors.ts";
import { parseJson } from "../_shared/parse-json.ts";

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
  readonly snapshot: unknown;
}

const eventId = z.string().regex(/^evt_\w{1,250}$/);
// The grammar of Stripe's names: what a type or kind may hold, tables and logs may hold.
const eventType = z.string().max(255).regex(/^[a-z0-9_][a-z0-9_.[\]]*$/);
const objectKind = z.string().max(255).regex(/^[a-z0-9_.]+$/);
const objectId = z.string().max(255);

const snapshotEventSchema = z.object({
  id: eventId,
  object: z.literal("event"),
  type: eventType,
  created: z.number().int().min(0).max(253402300799),
  livemode: z.boolean(),
  api_version: z.string().nullish(),
  account: z.string().nullish(),
  data: z.object({
    object: z.looseObject({ object: objectKind.optional(), id: objectId.optional() }),
  }),
}).transform((event): StripeEvent => ({
  id: event.id,
  type: event.type,
  created: event.created,
  livemode: event.livemode,
  apiVersion: event.api_version ?? null,
  isConnect: typeof event.account === "string",
  object: { kind: event.data.object.object ?? null, id: event.data.object.id ?? null },
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
