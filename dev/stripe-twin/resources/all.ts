import type { Endpoint } from "../engine/endpoint.ts";
import type { World } from "../engine/world.ts";
import { accountEndpoints } from "./account.ts";
import { billingPortalEndpoints } from "./billing-portal.ts";
import { chargeEndpoints } from "./charges.ts";
import { checkoutSessionEndpoints } from "./checkout-sessions.ts";
import { customerEndpoints } from "./customers.ts";
import { eventEndpoints } from "./events.ts";
import { paymentMethodEndpoints } from "./payment-methods.ts";
import { paymentPageEndpoints } from "./payment-pages.ts";
import { priceEndpoints } from "./prices.ts";
import { productEndpoints } from "./products.ts";
import { subscriptionEndpoints } from "./subscriptions.ts";
import { webhookEndpointEndpoints } from "./webhook-endpoints.ts";
import { entitlementEndpoints } from "./entitlements.ts";
import { paymentIntentEndpoints } from "./payment-intents.ts";
import { setupIntentEndpoints } from "./setup-intents.ts";
import { invoiceItemEndpoints } from "./invoice-items.ts";
import { invoiceEndpoints } from "./invoices.ts";
import { invoicePaymentEndpoints } from "./invoice-payments.ts";
import { refundEndpoints } from "./refunds.ts";
import { disputeEndpoints } from "./disputes.ts";
import { radarEndpoints } from "./radar.ts";
import { testClockEndpoints } from "./test-clocks.ts";

/** Every endpoint of the API. Paths with fixed parts come before those with `:id` in their place. */
export function allEndpoints(world: World): Endpoint[] {
  return [
    ...accountEndpoints,
    ...billingPortalEndpoints,
    ...chargeEndpoints,
    ...checkoutSessionEndpoints,
    ...customerEndpoints,
    ...eventEndpoints(world),
    ...paymentMethodEndpoints,
    ...paymentPageEndpoints,
    ...priceEndpoints,
    ...productEndpoints,
    ...subscriptionEndpoints,
    ...entitlementEndpoints,
    ...paymentIntentEndpoints,
    ...setupIntentEndpoints,
    ...invoiceItemEndpoints,
    ...invoiceEndpoints,
    ...invoicePaymentEndpoints,
    ...refundEndpoints,
    ...disputeEndpoints,
    ...radarEndpoints,
    ...testClockEndpoints,
    ...webhookEndpointEndpoints(world),
  ];
}
