import type { Scope } from "../engine/scope.ts";
import type { Metadata, SetupIntent } from "./types.ts";

/** A new setup intent. */
export function buildSetupIntent(scope: Scope, from: {
  customer: string | null;
  paymentMethod: string | null;
  description: string | null;
  metadata: Metadata;
  usage: "off_session" | "on_session";
}): SetupIntent {
  const id = scope.ids.make("seti");
  return {
    id,
    object: "setup_intent",
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${scope.ids.text(25)}`,
    created: scope.clock.now(),
    customer: from.customer,
    customer_account: null,
    description: from.description,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    mandate: null,
    metadata: from.metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: from.paymentMethod,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { mandate_options: null, network: null, request_three_d_secure: "automatic" },
    },
    payment_method_types: ["card"],
    single_use_mandate: null,
    status: from.paymentMethod === null ? "requires_payment_method" : "requires_confirmation",
    usage: from.usage,
  };
}
