import type { CardFace } from "../cards.ts";
import type { Scope } from "../engine/scope.ts";
import type { Metadata, PaymentMethod } from "./types.ts";

/** A new card payment method: brand, last four digits and expiry, never the number. */
export function buildPaymentMethod(scope: Scope, from: {
  face: CardFace;
  expMonth: number;
  expYear: number;
  billing: PaymentMethod["billing_details"];
  metadata: Metadata;
}): PaymentMethod {
  const { face } = from;
  return {
    id: scope.ids.make("pm"),
    object: "payment_method",
    allow_redisplay: "unspecified",
    billing_details: from.billing,
    card: {
      brand: face.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
      country: face.country,
      display_brand: face.brand,
      exp_month: from.expMonth,
      exp_year: from.expYear,
      fingerprint: scope.ids.text(16),
      funding: face.funding,
      generated_from: null,
      last4: face.last4,
      networks: { available: [face.brand], preferred: null },
      regulated_status: "unregulated",
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: scope.clock.now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: from.metadata,
    type: "card",
  };
}

/** Billing details with nothing in them. */
export const noBilling: PaymentMethod["billing_details"] = {
  address: { city: null, country: null, line1: null, line2: null, postal_code: null, state: null },
  email: null,
  name: null,
  phone: null,
  tax_id: null,
};
