import type { ObjectKindName } from "./object-kinds.ts";

/**
 * Every event type that has an effect → the kind of object it shows. The webhook endpoint asks Stripe
 * for exactly these types. `invoice.created` is not among them: a slow answer to it delays the
 * invoice's finalisation.
 *
 * @see https://docs.stripe.com/api/events/types
 */
export const HANDLED_EVENTS = {
  "charge.dispute.closed": "dispute",
  "charge.dispute.created": "dispute",
  "charge.dispute.funds_reinstated": "dispute",
  "charge.dispute.funds_withdrawn": "dispute",
  "charge.dispute.updated": "dispute",
  "checkout.session.async_payment_failed": "checkout.session",
  "checkout.session.async_payment_succeeded": "checkout.session",
  "checkout.session.completed": "checkout.session",
  "checkout.session.expired": "checkout.session",
  "customer.created": "customer",
  "customer.deleted": "customer",
  "customer.subscription.created": "subscription",
  "customer.subscription.deleted": "subscription",
  "customer.subscription.paused": "subscription",
  "customer.subscription.pending_update_applied": "subscription",
  "customer.subscription.pending_update_expired": "subscription",
  "customer.subscription.resumed": "subscription",
  "customer.subscription.trial_will_end": "subscription",
  "customer.subscription.updated": "subscription",
  "customer.updated": "customer",
  "invoice.finalization_failed": "invoice",
  "invoice.finalized": "invoice",
  "invoice.marked_uncollectible": "invoice",
  "invoice.overdue": "invoice",
  "invoice.paid": "invoice",
  "invoice.payment_action_required": "invoice",
  "invoice.payment_failed": "invoice",
  "invoice.updated": "invoice",
  "invoice.voided": "invoice",
  "payment_intent.canceled": "payment_intent",
  "payment_intent.payment_failed": "payment_intent",
  "payment_intent.processing": "payment_intent",
  "payment_intent.requires_action": "payment_intent",
  "payment_intent.succeeded": "payment_intent",
  "price.created": "price",
  "price.deleted": "price",
  "price.updated": "price",
  "product.created": "product",
  "product.deleted": "product",
  "product.updated": "product",
  "refund.created": "refund",
  "refund.failed": "refund",
  "refund.updated": "refund",
} as const satisfies Record<string, ObjectKindName>;

export type HandledEventType = keyof typeof HANDLED_EVENTS;

/** Narrows an event type that came from outside. */
export function isHandledEvent(type: string): type is HandledEventType {
  return Object.hasOwn(HANDLED_EVENTS, type);
}

/** Types whose snapshot shows the object as it was before it was deleted, without saying so. */
export const DELETION_EVENTS: ReadonlySet<HandledEventType> = new Set([
  "customer.deleted",
  "price.deleted",
  "product.deleted",
]);
