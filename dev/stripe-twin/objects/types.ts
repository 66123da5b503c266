import type Stripe from "stripe";
import type { Stored } from "../engine/stored.ts";

export type Account = Stored<Stripe.Account>;
export type ActiveEntitlement = Stored<Stripe.Entitlements.ActiveEntitlement>;
export type ActiveEntitlementSummary = Stored<Stripe.Entitlements.ActiveEntitlementSummary>;
export type BalanceTransaction = Stored<Stripe.BalanceTransaction>;
export type Charge = Stored<Stripe.Charge>;
export type CheckoutSession = Stored<Stripe.Checkout.Session>;
export type Customer = Stored<Stripe.Customer>;
export type DeletedCustomer = Stored<Stripe.DeletedCustomer>;
export type Dispute = Stored<Stripe.Dispute>;
export type EarlyFraudWarning = Stored<Stripe.Radar.EarlyFraudWarning>;
export type EntitlementFeature = Stored<Stripe.Entitlements.Feature>;
export type Invoice = Stored<Stripe.Invoice>;
export type InvoiceItem = Stored<Stripe.InvoiceItem>;
export type InvoiceLineItem = Stored<Stripe.InvoiceLineItem>;
export type InvoicePayment = Stored<Stripe.InvoicePayment>;
export type LineItem = Stored<Stripe.LineItem>;
export type PaymentIntent = Stored<Stripe.PaymentIntent>;
export type PaymentMethod = Stored<Stripe.PaymentMethod>;
export type Plan = Stored<Stripe.Plan>;
export type PortalConfiguration = Stored<Stripe.BillingPortal.Configuration>;
export type PortalSession = Stored<Stripe.BillingPortal.Session>;
export type Price = Stored<Stripe.Price>;
export type Product = Stored<Stripe.Product>;
export type ProductFeature = Stored<Stripe.ProductFeature>;
export type Refund = Stored<Stripe.Refund>;
export type Review = Stored<Stripe.Review>;
export type SetupIntent = Stored<Stripe.SetupIntent>;
export type Subscription = Stored<Stripe.Subscription>;
export type SubscriptionItem = Stored<Stripe.SubscriptionItem>;
export type TestClock = Stored<Stripe.TestHelpers.TestClock>;
export type WebhookEndpoint = Stored<Stripe.WebhookEndpoint>;

/** Stripe's metadata: a flat map of text. */
export type Metadata = Record<string, string>;
