import type { Scope } from "../engine/scope.ts";
import type { Customer, Metadata } from "./types.ts";

/** A new customer. */
export function buildCustomer(scope: Scope, from: {
  email: string | null;
  name: string | null;
  phone: string | null;
  description: string | null;
  metadata: Metadata;
  address: Customer["address"];
  shipping: Customer["shipping"];
  defaultPaymentMethod: string | null;
  preferredLocales: string[];
  testClock: string | null;
}): Customer {
  return {
    id: scope.ids.make("cus", 14),
    object: "customer",
    address: from.address ?? null,
    balance: 0,
    created: scope.clock.now(),
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: from.description,
    discount: null,
    email: from.email,
    invoice_prefix: scope.ids.capitals(8),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: from.defaultPaymentMethod,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: from.metadata,
    name: from.name,
    next_invoice_sequence: 1,
    phone: from.phone,
    preferred_locales: from.preferredLocales,
    shipping: from.shipping,
    tax_exempt: "none",
    test_clock: from.testClock,
  };
}
