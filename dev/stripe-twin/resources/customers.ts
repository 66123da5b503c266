import { z } from "zod";
import { cancelSubscription } from "../actions/cancel-subscription.ts";
import { attachPaymentMethod, resolvePaymentMethod } from "../actions/resolve-payment-method.ts";
import { changed, made } from "../engine/emit.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest, noSuch } from "../engine/errors.ts";
import {
  inRange,
  mergeMetadata,
  metadata,
  pageParams,
  range,
  replaceText,
  text,
  unsettable,
} from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";
import type { Scope } from "../engine/scope.ts";
import { buildCustomer } from "../objects/build-customer.ts";
import type { Customer } from "../objects/types.ts";
import { addressParam, readAddress, readShipping, shippingParam } from "./shared-params.ts";

const invoiceSettings = z.strictObject({ default_payment_method: unsettable.optional() });

const shared = {
  address: addressParam.optional(),
  description: unsettable.optional(),
  email: unsettable.optional(),
  invoice_settings: invoiceSettings.optional(),
  metadata: metadata.optional(),
  name: unsettable.optional(),
  phone: unsettable.optional(),
  preferred_locales: z.array(text).optional(),
  shipping: shippingParam.optional(),
};

const createParams = z.strictObject({
  ...shared,
  payment_method: text.optional(),
  test_clock: text.optional(),
});

const updateParams = z.strictObject(shared);

function checkEmail(email: string | undefined): void {
  if (email === undefined || email === "") return;
  if (email.length > 512 || !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) {
    throw invalidRequest(`Invalid email address: ${email}`, {
      code: "email_invalid",
      param: "email",
    });
  }
}

function shippingOf(
  params: z.output<typeof updateParams>,
  before: Customer["shipping"],
): Customer["shipping"] {
  return readShipping(params.shipping) ?? before;
}

/** The test names stand for a new method each time, so the same name in one request is one method. */
function firstMethod(
  scope: Scope,
  params: z.output<typeof createParams>,
): { id: string; isDefault: boolean } | null {
  const wanted = params.payment_method;
  const isDefault = params.invoice_settings?.default_payment_method;
  if (wanted === undefined) {
    if (isDefault !== undefined && isDefault !== "") {
      throw invalidRequest(
        "The customer does not have a payment method with that ID; attach it before making it the default.",
        { code: "resource_missing", param: "invoice_settings[default_payment_method]" },
      );
    }
    return null;
  }
  const method = resolvePaymentMethod(scope, wanted, "payment_method");
  return { id: method.id, isDefault: isDefault === wanted || isDefault === method.id };
}

function createCustomer(scope: Scope, params: z.output<typeof createParams>): Customer {
  checkEmail(params.email);
  if (params.test_clock !== undefined) {
    scope.store.testClocks.need(params.test_clock, "test_clock", 400);
  }
  const method = firstMethod(scope, params);
  const customer = buildCustomer(scope, {
    email: replaceText(null, params.email),
    name: replaceText(null, params.name),
    phone: replaceText(null, params.phone),
    description: replaceText(null, params.description),
    metadata: mergeMetadata({}, params.metadata),
    address: params.address === undefined ? null : readAddress(params.address),
    shipping: shippingOf(params, null),
    defaultPaymentMethod: method?.isDefault === true ? method.id : null,
    preferredLocales: params.preferred_locales ?? [],
    testClock: params.test_clock ?? null,
  });
  const attached = method === null
    ? null
    : attachPaymentMethod(scope, scope.store.paymentMethods.need(method.id), customer.id);
  scope.store.customers.put(customer);
  scope.emit("customer created", { "customer.created": made(customer) });
  if (attached !== null) {
    scope.emit("payment method attached", { "payment_method.attached": made(attached) });
  }
  return customer;
}

function updateCustomer(
  scope: Scope,
  before: Customer,
  params: z.output<typeof updateParams>,
): Customer {
  checkEmail(params.email);
  const isDefault = params.invoice_settings?.default_payment_method;
  if (
    isDefault !== undefined && isDefault !== "" &&
    scope.store.paymentMethods.get(isDefault)?.customer !== before.id
  ) {
    throw noSuch("PaymentMethod", isDefault, "invoice_settings[default_payment_method]");
  }
  const customer = scope.store.customers.put({
    ...before,
    address: params.address === undefined ? before.address ?? null : readAddress(params.address),
    description: replaceText(before.description, params.description),
    email: replaceText(before.email, params.email),
    invoice_settings: {
      ...before.invoice_settings,
      default_payment_method: replaceText(
        before.invoice_settings.default_payment_method,
        isDefault,
      ),
    },
    metadata: mergeMetadata(before.metadata, params.metadata),
    name: replaceText(before.name ?? null, params.name),
    phone: replaceText(before.phone ?? null, params.phone),
    preferred_locales: params.preferred_locales ?? before.preferred_locales ?? [],
    shipping: shippingOf(params, before.shipping),
  });
  scope.emit("customer updated", { "customer.updated": changed(before, customer) });
  return customer;
}

/** Deletes a customer: the subscriptions end with it, and only a stub is left. */
function deleteCustomer(scope: Scope, customer: Customer) {
  for (const subscription of scope.store.subscriptions.newestFirst().reverse()) {
    if (subscription.customer === customer.id && subscription.ended_at === null) {
      cancelSubscription(scope, subscription, { reason: "cancellation_requested" });
    }
  }
  scope.store.customers.remove(customer.id);
  const deleted = scope.store.deletedCustomers.put({
    id: customer.id,
    object: "customer",
    deleted: true,
  });
  scope.emit("customer deleted", { "customer.deleted": made(customer) });
  return deleted;
}

export const customerEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/customers",
    params: createParams,
    handle: (scope, params) => createCustomer(scope, params),
  }),
  endpoint({
    method: "GET",
    path: "/v1/customers/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) =>
      scope.store.deletedCustomers.get(path("id")) ?? scope.store.customers.need(path("id")),
  }),
  endpoint({
    method: "POST",
    path: "/v1/customers/:id",
    params: updateParams,
    handle: (scope, params, path) =>
      updateCustomer(scope, scope.store.customers.need(path("id")), params),
  }),
  endpoint({
    method: "DELETE",
    path: "/v1/customers/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => deleteCustomer(scope, scope.store.customers.need(path("id"))),
  }),
  endpoint({
    method: "GET",
    path: "/v1/customers",
    params: z.strictObject({
      ...pageParams,
      created: range.optional(),
      email: text.optional(),
      test_clock: text.optional(),
    }),
    handle(scope, params) {
      const items = scope.store.customers.newestFirst().filter((item) =>
        (params.email === undefined || item.email === params.email) &&
        (params.test_clock === undefined || item.test_clock === params.test_clock) &&
        inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/customers");
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/customers/:id/payment_methods",
    params: z.strictObject({ ...pageParams, type: text.optional() }),
    handle(scope, params, path) {
      const { id } = scope.store.customers.need(path("id"), "customer");
      const items = scope.store.paymentMethods.newestFirst().filter((item) =>
        item.customer === id && (params.type === undefined || item.type === params.type)
      );
      return paginate(items, params, `/v1/customers/${id}/payment_methods`);
    },
  }),
];
