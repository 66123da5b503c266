import type { Scope } from "../engine/scope.ts";
import type { Metadata, PortalConfiguration, PortalSession } from "./types.ts";

/** What a portal lets its visitors do. */
export interface PortalFeatures {
  invoiceHistory: boolean;
  paymentMethodUpdate: boolean;
  subscriptionCancel: boolean;
  cancelMode: "at_period_end" | "immediately";
  customerUpdate: boolean;
  allowedUpdates: ("address" | "email" | "name" | "phone" | "shipping" | "tax_id")[];
}

export const everyFeature: PortalFeatures = {
  invoiceHistory: true,
  paymentMethodUpdate: true,
  subscriptionCancel: true,
  cancelMode: "at_period_end",
  customerUpdate: true,
  allowedUpdates: ["email", "tax_id"],
};

/** A portal configuration. */
export function buildPortalConfiguration(scope: Scope, from: {
  features: PortalFeatures;
  isDefault: boolean;
  headline: string | null;
  privacyPolicyUrl: string | null;
  termsOfServiceUrl: string | null;
  defaultReturnUrl: string | null;
  metadata: Metadata;
  name: string | null;
}): PortalConfiguration {
  const now = scope.clock.now();
  return {
    id: scope.ids.make("bpc"),
    object: "billing_portal.configuration",
    active: true,
    application: null,
    business_profile: {
      headline: from.headline,
      privacy_policy_url: from.privacyPolicyUrl,
      terms_of_service_url: from.termsOfServiceUrl,
    },
    created: now,
    default_return_url: from.defaultReturnUrl,
    features: buildFeatures(from.features),
    is_default: from.isDefault,
    livemode: false,
    login_page: { enabled: false, url: null },
    metadata: from.metadata,
    name: from.name,
    updated: now,
  };
}

/** The feature hash of a configuration. */
export function buildFeatures(from: PortalFeatures): PortalConfiguration["features"] {
  return {
    customer_update: { allowed_updates: from.allowedUpdates, enabled: from.customerUpdate },
    invoice_history: { enabled: from.invoiceHistory },
    payment_method_update: {
      enabled: from.paymentMethodUpdate,
      payment_method_configuration: null,
    },
    subscription_cancel: {
      cancellation_reason: {
        enabled: false,
        feedback_options: null,
        options: ["too_expensive", "missing_features", "switched_service", "unused", "other"],
      },
      enabled: from.subscriptionCancel,
      mode: from.cancelMode,
      proration_behavior: "none",
    },
    subscription_pause: { duration: { interval_options: [], type: "indefinite" }, enabled: false },
    subscription_update: {
      billing_cycle_anchor: null,
      default_allowed_updates: [],
      enabled: false,
      proration_behavior: "none",
      schedule_at_period_end: { conditions: [] },
      trial_update_behavior: "end_trial",
    },
  };
}

/** A portal session; its URL carries a secret of its own. */
export function buildPortalSession(scope: Scope, from: {
  customer: string;
  configuration: string;
  returnUrl: string | null;
  locale: PortalSession["locale"];
  flow: PortalSession["flow"];
}): PortalSession {
  return {
    id: scope.ids.make("bps"),
    object: "billing_portal.session",
    configuration: from.configuration,
    created: scope.clock.now(),
    customer: from.customer,
    customer_account: null,
    flow: from.flow,
    livemode: false,
    locale: from.locale,
    on_behalf_of: null,
    return_url: from.returnUrl,
    url: `${scope.baseUrl}/p/session/${scope.ids.text(64)}`,
  };
}
