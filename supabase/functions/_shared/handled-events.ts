import type { ObjectKindName } from "./object-kinds.ts";

/**
 * What an event is good for: `snapshot` – it shows the object; `deletion` – it shows the object as it
 * was before it was deleted, without saying so; `mark` – it tells of an object it does not show.
 */
export type EventUse = "snapshot" | "deletion" | "mark";

interface HandledEvent {
  /** The mirrored object it is about. */
  readonly kind: ObjectKindName;
  readonly use: EventUse;
  /** Where the object's id is in the event's own object; its `id` if absent. */
  readonly idAt?: string;
  /** The kind of the event's own object, where that is another one. */
  readonly shows?: string;
}

const snapshot = <K extends ObjectKindName>(kind: K) => ({ kind, use: "snapshot" }) as const;
const deletion = <K extends ObjectKindName>(kind: K) => ({ kind, use: "deletion" }) as const;

/**
 * Every event type that has an effect. The webhook endpoint asks Stripe for exactly these types, the
 * docs list them, and the tests go through them. `invoice.created` is not among them: a slow answer to
 * it delays the invoice's finalisation.
 *
 * @see https://docs.stripe.com/api/events/types
 */
export const HANDLED_EVENTS = {
  "charge.dispute.closed": snapshot("dispute"),
  "charge.dispute.created": snapshot("dispute"),
  "charge.dispute.funds_reinstated": snapshot("dispute"),
  "charge.dispute.funds_withdrawn": snapshot("dispute"),
  "charge.dispute.updated": snapshot("dispute"),
  // for the countries of card and billing address, which a PaymentIntent does not show
  "charge.succeeded": snapshot("charge"),
  "checkout.session.async_payment_failed": snapshot("checkout.session"),
  "checkout.session.async_payment_succeeded": snapshot("checkout.session"),
  "checkout.session.completed": snapshot("checkout.session"),
  "checkout.session.expired": snapshot("checkout.session"),
  "customer.created": snapshot("customer"),
  "customer.deleted": deletion("customer"),
  "customer.subscription.created": snapshot("subscription"),
  "customer.subscription.deleted": snapshot("subscription"),
  "customer.subscription.paused": snapshot("subscription"),
  "customer.subscription.pending_update_applied": snapshot("subscription"),
  "customer.subscription.pending_update_expired": snapshot("subscription"),
  "customer.subscription.resumed": snapshot("subscription"),
  "customer.subscription.trial_will_end": snapshot("subscription"),
  "customer.subscription.updated": snapshot("subscription"),
  "customer.updated": snapshot("customer"),
  // its list is one page of the set, so the whole set is fetched; it has no id but its customer's
  "entitlements.active_entitlement_summary.updated": {
    kind: "entitlements.active_entitlement_summary",
    use: "mark",
    idAt: "customer",
  },
  "invoice.finalization_failed": snapshot("invoice"),
  "invoice.finalized": snapshot("invoice"),
  "invoice.marked_uncollectible": snapshot("invoice"),
  "invoice.overdue": snapshot("invoice"),
  "invoice.paid": snapshot("invoice"),
  "invoice.payment_action_required": snapshot("invoice"),
  "invoice.payment_failed": snapshot("invoice"),
  "invoice.updated": snapshot("invoice"),
  "invoice.voided": snapshot("invoice"),
  "invoice_payment.paid": {
    kind: "invoice",
    use: "mark",
    idAt: "invoice",
    shows: "invoice_payment",
  },
  "payment_intent.canceled": snapshot("payment_intent"),
  "payment_intent.payment_failed": snapshot("payment_intent"),
  "payment_intent.processing": snapshot("payment_intent"),
  "payment_intent.requires_action": snapshot("payment_intent"),
  "payment_intent.succeeded": snapshot("payment_intent"),
  "payment_method.attached": snapshot("payment_method"),
  "payment_method.automatically_updated": snapshot("payment_method"),
  "payment_method.detached": snapshot("payment_method"),
  "price.created": snapshot("price"),
  "price.deleted": deletion("price"),
  "price.updated": snapshot("price"),
  "product.created": snapshot("product"),
  "product.deleted": deletion("product"),
  "product.updated": snapshot("product"),
  "radar.early_fraud_warning.created": snapshot("radar.early_fraud_warning"),
  "radar.early_fraud_warning.updated": snapshot("radar.early_fraud_warning"),
  "refund.created": snapshot("refund"),
  "refund.failed": snapshot("refund"),
  "refund.updated": snapshot("refund"),
  "review.closed": snapshot("review"),
  "review.opened": snapshot("review"),
} as const satisfies Record<string, HandledEvent>;

export type HandledEventType = keyof typeof HANDLED_EVENTS;

const BY_TYPE: ReadonlyMap<string, HandledEvent> = new Map(Object.entries(HANDLED_EVENTS));

/** Finds a type in the table; undefined for types that are recorded and ignored. */
export function handledEvent(type: string): HandledEvent | undefined {
  return BY_TYPE.get(type);
}
