import { z } from "zod";
import { changed, made } from "../engine/emit.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest, missingParam } from "../engine/errors.ts";
import {
  flag,
  mergeMetadata,
  metadata,
  pageParams,
  text,
  unsettable,
  url,
} from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";
import type { Scope } from "../engine/scope.ts";
import {
  buildFeatures,
  buildPortalConfiguration,
  buildPortalSession,
  everyFeature,
  type PortalFeatures,
} from "../objects/build-portal.ts";
import type { PortalConfiguration, PortalSession } from "../objects/types.ts";

const enabled = z.strictObject({ enabled: flag });

const featuresParam = z.strictObject({
  customer_update: z.strictObject({
    allowed_updates: z.array(z.enum(["address", "email", "name", "phone", "shipping", "tax_id"]))
      .optional(),
    enabled: flag.optional(),
  }).optional(),
  invoice_history: enabled.optional(),
  payment_method_update: enabled.optional(),
  subscription_cancel: z.strictObject({
    enabled: flag,
    mode: z.enum(["at_period_end", "immediately"]).optional(),
  }).optional(),
});

const configurationParams = {
  business_profile: z.strictObject({
    headline: unsettable.optional(),
    privacy_policy_url: text.optional(),
    terms_of_service_url: text.optional(),
  }).optional(),
  default_return_url: url.optional(),
  metadata: metadata.optional(),
  name: text.optional(),
};

const flowParam = z.strictObject({
  type: z.enum(["payment_method_update", "subscription_cancel"]),
  subscription_cancel: z.strictObject({ subscription: text }).optional(),
  after_completion: z.strictObject({
    type: z.enum(["hosted_confirmation", "portal_homepage", "redirect"]),
    redirect: z.strictObject({ return_url: url }).optional(),
    hosted_confirmation: z.strictObject({ custom_message: text.optional() }).optional(),
  }).optional(),
});

function featuresOf(params: z.output<typeof featuresParam> | undefined): PortalFeatures {
  const off: PortalFeatures = {
    ...everyFeature,
    invoiceHistory: false,
    paymentMethodUpdate: false,
    subscriptionCancel: false,
    customerUpdate: false,
    allowedUpdates: [],
  };
  if (params === undefined) return off;
  return {
    invoiceHistory: params.invoice_history?.enabled ?? false,
    paymentMethodUpdate: params.payment_method_update?.enabled ?? false,
    subscriptionCancel: params.subscription_cancel?.enabled ?? false,
    cancelMode: params.subscription_cancel?.mode ?? "at_period_end",
    customerUpdate: params.customer_update?.enabled ?? false,
    allowedUpdates: params.customer_update?.allowed_updates ?? [],
  };
}

/** The account's default configuration, made when first needed as the dashboard would. */
export function defaultConfiguration(scope: Scope): PortalConfiguration {
  const existing = scope.store.portalConfigurations.newestFirst().find((item) => item.is_default);
  if (existing !== undefined) return existing;
  return scope.store.portalConfigurations.put(buildPortalConfiguration(scope, {
    features: everyFeature,
    isDefault: true,
    headline: null,
    privacyPolicyUrl: null,
    termsOfServiceUrl: null,
    defaultReturnUrl: null,
    metadata: {},
    name: null,
  }));
}

function flowOf(
  scope: Scope,
  customer: string,
  flow: z.output<typeof flowParam> | undefined,
): PortalSession["flow"] {
  if (flow === undefined) return null;
  const subscription = flow.subscription_cancel?.subscription;
  if (flow.type === "subscription_cancel") {
    if (subscription === undefined) {
      throw missingParam("flow_data[subscription_cancel][subscription]");
    }
    const target = scope.store.subscriptions.need(
      subscription,
      "flow_data[subscription_cancel][subscription]",
      400,
    );
    if (target.customer !== customer) {
      throw invalidRequest("The subscription does not belong to the customer of the session.", {
        param: "flow_data[subscription_cancel][subscription]",
      });
    }
    if (target.ended_at !== null || target.cancel_at_period_end) {
      throw invalidRequest(
        "The subscription cannot be canceled because it is already set to be canceled or has ended.",
        { param: "flow_data[subscription_cancel][subscription]" },
      );
    }
  }
  const after = flow.after_completion;
  return {
    after_completion: {
      hosted_confirmation: after?.type === "hosted_confirmation"
        ? { custom_message: after.hosted_confirmation?.custom_message ?? null }
        : null,
      redirect: after?.redirect === undefined ? null : { return_url: after.redirect.return_url },
      type: after?.type ?? "portal_homepage",
    },
    customer_update: null,
    subscription_cancel: subscription === undefined ? null : { retention: null, subscription },
    subscription_pause: null,
    subscription_update: null,
    subscription_update_confirm: null,
    type: flow.type,
  };
}

export const billingPortalEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/billing_portal/sessions",
    params: z.strictObject({
      configuration: text.optional(),
      customer: text,
      flow_data: flowParam.optional(),
      locale: z.enum(["auto", "de", "en", "en-GB", "es", "fr", "it", "ja", "nl", "pt", "sv"])
        .optional(),
      return_url: url.optional(),
    }),
    handle(scope, params) {
      const customer = scope.store.customers.need(params.customer, "customer", 400);
      const configuration = params.configuration === undefined
        ? defaultConfiguration(scope)
        : scope.store.portalConfigurations.need(params.configuration, "configuration", 400);
      const session = scope.store.portalSessions.put(buildPortalSession(scope, {
        customer: customer.id,
        configuration: configuration.id,
        returnUrl: params.return_url ?? configuration.default_return_url,
        locale: params.locale ?? null,
        flow: flowOf(scope, customer.id, params.flow_data),
      }));
      scope.emit("portal session created", { "billing_portal.session.created": made(session) });
      return session;
    },
  }),
  endpoint({
    method: "POST",
    path: "/v1/billing_portal/configurations",
    params: z.strictObject({ ...configurationParams, features: featuresParam }),
    handle(scope, params) {
      const configuration = scope.store.portalConfigurations.put(buildPortalConfiguration(scope, {
        features: featuresOf(params.features),
        isDefault: false,
        headline: params.business_profile?.headline ?? null,
        privacyPolicyUrl: params.business_profile?.privacy_policy_url ?? null,
        termsOfServiceUrl: params.business_profile?.terms_of_service_url ?? null,
        defaultReturnUrl: params.default_return_url ?? null,
        metadata: mergeMetadata({}, params.metadata),
        name: params.name ?? null,
      }));
      scope.emit("portal configuration created", {
        "billing_portal.configuration.created": made(configuration),
      });
      return configuration;
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/billing_portal/configurations/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.portalConfigurations.need(path("id")),
  }),
  endpoint({
    method: "POST",
    path: "/v1/billing_portal/configurations/:id",
    params: z.strictObject({
      ...configurationParams,
      active: flag.optional(),
      features: featuresParam.optional(),
    }),
    handle(scope, params, path) {
      const before = scope.store.portalConfigurations.need(path("id"));
      const profile = params.business_profile;
      const configuration = scope.store.portalConfigurations.put({
        ...before,
        active: params.active ?? before.active,
        business_profile: {
          headline: profile?.headline ?? before.business_profile.headline,
          privacy_policy_url: profile?.privacy_policy_url ??
            before.business_profile.privacy_policy_url,
          terms_of_service_url: profile?.terms_of_service_url ??
            before.business_profile.terms_of_service_url,
        },
        default_return_url: params.default_return_url ?? before.default_return_url,
        features: params.features === undefined
          ? before.features
          : { ...before.features, ...namedFeatures(params.features) },
        metadata: mergeMetadata(before.metadata ?? {}, params.metadata),
        name: params.name ?? before.name,
        updated: scope.clock.now(),
      });
      scope.emit("portal configuration updated", {
        "billing_portal.configuration.updated": changed(before, configuration),
      });
      return configuration;
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/billing_portal/configurations",
    params: z.strictObject({ ...pageParams, active: flag.optional(), is_default: flag.optional() }),
    handle(scope, params) {
      const items = scope.store.portalConfigurations.newestFirst().filter((item) =>
        (params.active === undefined || item.active === params.active) &&
        (params.is_default === undefined || item.is_default === params.is_default)
      );
      return paginate(items, params, "/v1/billing_portal/configurations");
    },
  }),
];

/** Only the features that an update names. */
function namedFeatures(
  params: z.output<typeof featuresParam>,
): Partial<PortalConfiguration["features"]> {
  const built = buildFeatures(featuresOf(params));
  return {
    ...(params.customer_update === undefined ? {} : { customer_update: built.customer_update }),
    ...(params.invoice_history === undefined ? {} : { invoice_history: built.invoice_history }),
    ...(params.payment_method_update === undefined
      ? {}
      : { payment_method_update: built.payment_method_update }),
    ...(params.subscription_cancel === undefined
      ? {}
      : { subscription_cancel: built.subscription_cancel }),
  };
}
