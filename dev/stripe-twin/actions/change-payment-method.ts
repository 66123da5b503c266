import { changed, made } from "../engine/emit.ts";
import type { Scope } from "../engine/scope.ts";
import { buildSetupIntent } from "../objects/build-setup-intent.ts";
import type { Customer, PaymentMethod, Subscription } from "../objects/types.ts";
import { attachPaymentMethod } from "./resolve-payment-method.ts";

/** The portal's "change payment method": saved through a setup intent, then the default everywhere. */
export function changePaymentMethod(
  scope: Scope,
  customer: Customer,
  method: PaymentMethod,
): PaymentMethod {
  const attached = attachPaymentMethod(scope, method, customer.id);
  const created = buildSetupIntent(scope, {
    customer: customer.id,
    paymentMethod: null,
    description: null,
    metadata: {},
    usage: "off_session",
  });
  const succeeded = scope.store.setupIntents.put({
    ...created,
    status: "succeeded",
    payment_method: method.id,
  });
  const after = scope.store.customers.put({
    ...customer,
    invoice_settings: { ...customer.invoice_settings, default_payment_method: method.id },
  });
  scope.emit("portal changed the payment method", {
    "setup_intent.created": made(created),
    "payment_method.attached": made(attached),
    "setup_intent.succeeded": made(succeeded),
    "customer.updated": changed(customer, after),
    "customer.subscription.updated": moveSubscriptions(scope, customer.id, method.id),
  });
  return attached;
}

/** A subscription's own default would win over the customer's, so it follows. */
function moveSubscriptions(scope: Scope, customer: string, method: string) {
  return scope.store.subscriptions.newestFirst()
    .filter((item) =>
      item.customer === customer && item.ended_at === null && item.default_payment_method !== null
    )
    .map((before) =>
      changed<Subscription>(
        before,
        scope.store.subscriptions.put({ ...before, default_payment_method: method }),
      )
    );
}
