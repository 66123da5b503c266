import { z } from "zod";
import { entitlementsOf, refreshEntitlements, withoutCustomer } from "../actions/entitlements.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest } from "../engine/errors.ts";
import { flag, mergeMetadata, metadata, pageParams, text } from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";
import type { Scope } from "../engine/scope.ts";
import type { ProductFeature } from "../objects/types.ts";

/** The product feature as Stripe sends it: it does not name its product. */
function withoutProduct(item: ProductFeature & { product: string }): ProductFeature {
  const { product: _product, ...feature } = item;
  return feature;
}

/** A feature that comes or goes changes what the product's subscribers may use. */
function refreshSubscribers(scope: Scope, product: string): void {
  const customers = scope.store.subscriptions.newestFirst()
    .filter((item) => item.items.data.some((line) => line.price.product === product))
    .map((item) => item.customer);
  for (const customer of new Set(customers)) refreshEntitlements(scope, customer);
}

export const entitlementEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/entitlements/features",
    params: z.strictObject({ lookup_key: text, metadata: metadata.optional(), name: text }),
    handle(scope, params) {
      if (
        scope.store.features.newestFirst().some((item) => item.lookup_key === params.lookup_key)
      ) {
        throw invalidRequest(`A feature with the lookup key ${params.lookup_key} exists already.`, {
          code: "resource_already_exists",
          param: "lookup_key",
        });
      }
      return scope.store.features.put({
        id: scope.ids.make("feat", 24),
        object: "entitlements.feature",
        active: true,
        livemode: false,
        lookup_key: params.lookup_key,
        metadata: mergeMetadata({}, params.metadata),
        name: params.name,
      });
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/entitlements/features/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.features.need(path("id")),
  }),
  endpoint({
    method: "POST",
    path: "/v1/entitlements/features/:id",
    params: z.strictObject({
      active: flag.optional(),
      metadata: metadata.optional(),
      name: text.optional(),
    }),
    handle(scope, params, path) {
      const before = scope.store.features.need(path("id"));
      return scope.store.features.put({
        ...before,
        active: params.active ?? before.active,
        metadata: mergeMetadata(before.metadata, params.metadata),
        name: params.name ?? before.name,
      });
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/entitlements/features",
    params: z.strictObject({
      ...pageParams,
      archived: flag.optional(),
      lookup_key: text.optional(),
    }),
    handle(scope, params) {
      const items = scope.store.features.newestFirst().filter((item) =>
        (params.lookup_key === undefined || item.lookup_key === params.lookup_key) &&
        item.active !== (params.archived ?? false)
      );
      return paginate(items, params, "/v1/entitlements/features");
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/entitlements/active_entitlements/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) =>
      withoutCustomer(scope.store.activeEntitlements.need(path("id"))),
  }),
  endpoint({
    method: "GET",
    path: "/v1/entitlements/active_entitlements",
    params: z.strictObject({ ...pageParams, customer: text }),
    handle(scope, params) {
      scope.store.customers.need(params.customer, "customer", 400);
      return paginate(
        entitlementsOf(scope, params.customer),
        params,
        "/v1/entitlements/active_entitlements",
      );
    },
  }),
  endpoint({
    method: "POST",
    path: "/v1/products/:id/features",
    params: z.strictObject({ entitlement_feature: text }),
    handle(scope, params, path) {
      const product = scope.store.products.need(path("id"), "product").id;
      const feature = scope.store.features.need(
        params.entitlement_feature,
        "entitlement_feature",
        400,
      );
      const item = scope.store.productFeatures.put({
        id: scope.ids.make("prodft", 14),
        object: "product_feature",
        entitlement_feature: feature,
        livemode: false,
        product,
      });
      refreshSubscribers(scope, product);
      return withoutProduct(item);
    },
  }),
  endpoint({
    method: "DELETE",
    path: "/v1/products/:id/features/:feature",
    params: z.strictObject({}),
    handle(scope, _params, path) {
      const item = scope.store.productFeatures.need(path("feature"));
      scope.store.productFeatures.remove(item.id);
      refreshSubscribers(scope, item.product);
      return { id: item.id, object: "product_feature", deleted: true };
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/products/:id/features",
    params: z.strictObject(pageParams),
    handle(scope, params, path) {
      const { id } = scope.store.products.need(path("id"), "product");
      const items = scope.store.productFeatures.newestFirst().filter((item) => item.product === id);
      const page = paginate(items, params, `/v1/products/${id}/features`);
      return { ...page, data: page.data.map(withoutProduct) };
    },
  }),
];
