import { wholeList } from "./pagination.ts";
import type { Store } from "./store.ts";

/**
 * Lists that Stripe sends only when `expand[]` names them: a session's line items, an invoice's payments, a charge's
 * refunds, a customer's subscriptions. Undefined when the object has no such field.
 */
export function includeOnRequest(
  store: Store,
  owner: Record<string, unknown>,
  field: string,
): unknown {
  const { id, object } = owner;
  if (typeof id !== "string" || typeof object !== "string") return undefined;
  switch (`${object}.${field}`) {
    case "checkout.session.line_items":
      return wholeList(
        store.checkoutOrders.get(id)?.lineItems ?? [],
        `/v1/checkout/sessions/${id}/line_items`,
      );
    case "invoice.payments":
      return wholeList(
        store.invoicePayments.newestFirst().filter((payment) => payment.invoice === id),
        "/v1/invoice_payments",
      );
    case "invoice.confirmation_secret":
      return confirmationSecret(store, id);
    case "charge.refunds":
      return wholeList(
        store.refunds.newestFirst().filter((refund) => refund.charge === id),
        `/v1/charges/${id}/refunds`,
      );
    case "customer.subscriptions":
      return wholeList(
        store.subscriptions.newestFirst().filter((item) =>
          item.customer === id && item.status !== "canceled"
        ),
        `/v1/customers/${id}/subscriptions`,
      );
    case "customer.sources":
      return wholeList([], `/v1/customers/${id}/sources`);
    case "customer.tax_ids":
      return wholeList([], `/v1/customers/${id}/tax_ids`);
    default:
      return undefined;
  }
}

function confirmationSecret(store: Store, invoiceId: string): object | null {
  const payment = store.invoicePayments.newestFirst().find((item) => item.invoice === invoiceId);
  const intentId = payment?.payment.payment_intent;
  const secret = intentId === undefined
    ? undefined
    : store.paymentIntents.get(intentId)?.client_secret;
  return typeof secret === "string" ? { client_secret: secret, type: "payment_intent" } : null;
}
