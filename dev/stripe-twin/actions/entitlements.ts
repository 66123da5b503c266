import type { Scope } from "../engine/scope.ts";
import { wholeList } from "../engine/pagination.ts";
import type { ActiveEntitlement } from "../objects/types.ts";

const entitling: ReadonlySet<string> = new Set(["active", "trialing", "past_due"]);

/**
 * Brings a customer's active entitlements in line with what the subscriptions grant, and makes the summary event when
 * they changed.
 */
export function refreshEntitlements(scope: Scope, customer: string): void {
  const { store } = scope;
  const wanted = new Set(
    store.subscriptions.newestFirst()
      .filter((item) => item.customer === customer && entitling.has(item.status))
      .flatMap((item) => item.items.data.map((line) => line.price.product))
      .flatMap((product) =>
        store.productFeatures.newestFirst().filter((item) => item.product === product)
      )
      .map((item) => item.entitlement_feature.id),
  );
  const current = store.activeEntitlements.newestFirst().filter((item) =>
    item.customer === customer
  );
  const before = current.map(withoutCustomer);
  const stale = current.filter((item) => !wanted.has(item.feature));
  const missing = [...wanted].filter((feature) =>
    !current.some((item) => item.feature === feature)
  );
  if (stale.length === 0 && missing.length === 0) return;
  for (const item of stale) store.activeEntitlements.remove(item.id);
  for (const feature of missing) {
    store.activeEntitlements.put({
      id: scope.ids.make("ent"),
      object: "entitlements.active_entitlement",
      feature,
      livemode: false,
      lookup_key: store.features.need(feature).lookup_key,
      customer,
    });
  }
  const url = `/v1/customer/${customer}/entitlements`;
  const after = entitlementsOf(scope, customer);
  scope.emit("entitlements changed", {
    "entitlements.active_entitlement_summary.updated": {
      object: {
        object: "entitlements.active_entitlement_summary",
        customer,
        // The event carries one page; the rest comes from the list call.
        entitlements: { ...wholeList(after.slice(0, 10), url), has_more: after.length > 10 },
        livemode: false,
      },
      previous: { entitlements: { data: before } },
    },
  });
}

/** A customer's active entitlements, newest first. */
export function entitlementsOf(scope: Scope, customer: string): ActiveEntitlement[] {
  return scope.store.activeEntitlements.newestFirst().filter((item) => item.customer === customer)
    .map(withoutCustomer);
}

/** The entitlement as Stripe sends it: it does not name its customer. */
export function withoutCustomer(item: ActiveEntitlement & { customer: string }): ActiveEntitlement {
  const { customer: _customer, ...entitlement } = item;
  return entitlement;
}
