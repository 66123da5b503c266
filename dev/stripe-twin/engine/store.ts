import type * as objects from "../objects/types.ts";
import type { Payer } from "../actions/complete-checkout.ts";
import type { CardBehaviour } from "../cards.ts";
import { noSuch } from "./errors.ts";

/** Objects of one kind in the order in which they were made. Objects are replaced, never changed in place. */
export class Collection<Item extends { id: string }> {
  readonly #items = new Map<string, Item>();
  readonly kind: string;

  constructor(kind: string) {
    this.kind = kind;
  }

  put(item: Item): Item {
    this.#items.set(item.id, item);
    return item;
  }

  get(id: string): Item | undefined {
    return this.#items.get(id);
  }

  /** The object, or Stripe's `resource_missing`: status 404 when the id came in the path. */
  need(id: string, param = "id", status = 404): Item {
    const item = this.#items.get(id);
    if (item === undefined) throw noSuch(this.kind, id, param, status);
    return item;
  }

  remove(id: string): void {
    this.#items.delete(id);
  }

  /** Newest first, as Stripe lists. */
  newestFirst(): Item[] {
    return [...this.#items.values()].reverse();
  }

  get size(): number {
    return this.#items.size;
  }
}

/** Everything the twin knows. */
export class Store {
  readonly products = new Collection<objects.Product>("product");
  readonly prices = new Collection<objects.Price>("price");
  readonly customers = new Collection<objects.Customer>("customer");
  readonly deletedCustomers = new Collection<objects.DeletedCustomer>("customer");
  readonly paymentMethods = new Collection<objects.PaymentMethod>("PaymentMethod");
  readonly paymentIntents = new Collection<objects.PaymentIntent>("payment_intent");
  readonly setupIntents = new Collection<objects.SetupIntent>("setupintent");
  readonly charges = new Collection<objects.Charge>("charge");
  readonly balanceTransactions = new Collection<objects.BalanceTransaction>("balance transaction");
  readonly refunds = new Collection<objects.Refund>("refund");
  readonly disputes = new Collection<objects.Dispute>("dispute");
  readonly earlyFraudWarnings = new Collection<objects.EarlyFraudWarning>("early fraud warning");
  readonly reviews = new Collection<objects.Review>("review");
  readonly checkoutSessions = new Collection<objects.CheckoutSession>("checkout.session");
  readonly subscriptions = new Collection<objects.Subscription>("subscription");
  readonly invoices = new Collection<objects.Invoice>("invoice");
  readonly invoicePayments = new Collection<objects.InvoicePayment>("invoice_payment");
  readonly invoiceItems = new Collection<objects.InvoiceItem>("invoiceitem");
  readonly features = new Collection<objects.EntitlementFeature>("entitlements.feature");
  readonly productFeatures = new Collection<objects.ProductFeature & { product: string }>(
    "product_feature",
  );
  readonly activeEntitlements = new Collection<objects.ActiveEntitlement & { customer: string }>(
    "entitlements.active_entitlement",
  );
  readonly portalConfigurations = new Collection<objects.PortalConfiguration>("configuration");
  readonly portalSessions = new Collection<objects.PortalSession>("billing_portal.session");
  readonly webhookEndpoints = new Collection<objects.WebhookEndpoint>("webhook endpoint");
  readonly testClocks = new Collection<objects.TestClock>("test clock");

  /** What a session was made with and Stripe keeps to itself. */
  readonly checkoutOrders = new Map<string, CheckoutOrder>();
  /** Subscriptions whose trial's end was announced. */
  readonly trialsAnnounced = new Set<string>();
  /** How a payment method's card behaves; the number itself is kept nowhere. */
  readonly cardBehaviours = new Map<string, CardBehaviour>();

  /** Any object by its id, for expansion. */
  find(id: string): object | undefined {
    for (const value of Object.values(this)) {
      if (!(value instanceof Collection)) continue;
      const item = value.get(id);
      if (item !== undefined) return item;
    }
    return undefined;
  }

  /** Number of objects by collection. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Collection) counts[name] = value.size;
    }
    return counts;
  }

  /** Ids by collection, oldest first. */
  ids(): Record<string, string[]> {
    const ids: Record<string, string[]> = {};
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Collection) {
        ids[name] = value.newestFirst().map((item) => item.id).reverse();
      }
    }
    return ids;
  }
}

/** The part of a checkout session's creation that its object does not show. */
export interface CheckoutOrder {
  lineItems: objects.LineItem[];
  subscriptionMetadata: objects.Metadata;
  subscriptionDescription: string | null;
  trialPeriodDays: number | null;
  paymentMetadata: objects.Metadata;
  paymentDescription: string | null;
  shipping: objects.PaymentIntent["shipping"];
  setupFutureUsage: "off_session" | "on_session" | null;
  captureMethod: "automatic_async" | "manual";
  /** Made by the first attempt to pay. */
  paymentIntent: string | null;
  /** An attempt that waits for the bank's question to be answered. */
  pending: { method: string; payer: Payer } | null;
}
