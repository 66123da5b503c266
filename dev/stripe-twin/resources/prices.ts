import { z } from "zod";
import { changed, made } from "../engine/emit.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest, missingParam, noSuch } from "../engine/errors.ts";
import {
  currency,
  decimal,
  flag,
  inRange,
  integer,
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
import { buildPrice } from "../objects/build-price.ts";
import { buildProduct } from "../objects/build-product.ts";
import type { Price } from "../objects/types.ts";

export const currencyParam = currency;

const intervalsAtMost = { day: 1095, week: 156, month: 36, year: 3 };

export const recurringParam = z.strictObject({
  interval: z.enum(["day", "week", "month", "year"]),
  interval_count: integer.optional(),
  trial_period_days: integer.optional(),
  usage_type: z.enum(["licensed"]).optional(),
});

const createParams = z.strictObject({
  active: flag.optional(),
  billing_scheme: z.enum(["per_unit"]).optional(),
  currency,
  lookup_key: text.optional(),
  metadata: metadata.optional(),
  nickname: text.optional(),
  product: text.optional(),
  product_data: z.strictObject({
    name: text,
    active: flag.optional(),
    metadata: metadata.optional(),
    statement_descriptor: text.optional(),
    unit_label: text.optional(),
  }).optional(),
  recurring: recurringParam.optional(),
  tax_behavior: z.enum(["exclusive", "inclusive", "unspecified"]).optional(),
  transfer_lookup_key: flag.optional(),
  unit_amount: integer.optional(),
  unit_amount_decimal: decimal.optional(),
});

const updateParams = z.strictObject({
  active: flag.optional(),
  lookup_key: unsettable.optional(),
  metadata: metadata.optional(),
  nickname: unsettable.optional(),
  tax_behavior: z.enum(["exclusive", "inclusive", "unspecified"]).optional(),
  transfer_lookup_key: flag.optional(),
});

const listParams = z.strictObject({
  ...pageParams,
  active: flag.optional(),
  created: range.optional(),
  currency: currency.optional(),
  lookup_keys: z.array(text).max(10).optional(),
  product: text.optional(),
  type: z.enum(["one_time", "recurring"]).optional(),
  recurring: z.strictObject({ interval: text.optional(), usage_type: text.optional() }).optional(),
});

/** Makes a price from the parameters of `POST /v1/prices`, with its event. */
export function createPrice(scope: Scope, params: z.output<typeof createParams>): Price {
  const price = scope.store.prices.put(buildPrice(scope, {
    product: productOf(scope, params),
    currency: params.currency,
    unitAmountDecimal: amountOf(params),
    recurring: recurrenceOf(params.recurring),
    active: params.active ?? true,
    lookupKey: claimLookupKey(scope, params.lookup_key, params.transfer_lookup_key ?? false),
    nickname: params.nickname ?? null,
    metadata: mergeMetadata({}, params.metadata),
    taxBehavior: params.tax_behavior ?? "unspecified",
  }));
  scope.emit("price created", { "price.created": made(price) });
  return price;
}

function recurrenceOf(recurring: z.output<typeof recurringParam> | undefined) {
  if (recurring === undefined) return null;
  const intervalCount = recurring.interval_count ?? 1;
  if (intervalCount < 1 || intervalCount > intervalsAtMost[recurring.interval]) {
    throw invalidRequest(
      `Invalid interval_count: must be between 1 and ${intervalsAtMost[recurring.interval]}`,
      { param: "recurring[interval_count]" },
    );
  }
  return {
    interval: recurring.interval,
    intervalCount,
    trialPeriodDays: recurring.trial_period_days ?? null,
    usageType: "licensed" as const,
  };
}

function productOf(scope: Scope, params: z.output<typeof createParams>): string {
  if (params.product !== undefined && params.product_data !== undefined) {
    throw invalidRequest("You may only specify one of these parameters: product, product_data.");
  }
  if (params.product !== undefined) {
    return scope.store.products.need(params.product, "product", 400).id;
  }
  if (params.product_data === undefined) throw missingParam("product");
  const data = params.product_data;
  const product = scope.store.products.put(buildProduct(scope, {
    name: data.name,
    description: null,
    active: data.active ?? true,
    images: [],
    metadata: mergeMetadata({}, data.metadata),
    statementDescriptor: data.statement_descriptor ?? null,
    unitLabel: data.unit_label ?? null,
    url: null,
    shippable: null,
    taxCode: null,
  }));
  scope.emit("product created", { "product.created": made(product) });
  return product.id;
}

function amountOf(params: z.output<typeof createParams>): string {
  if (params.unit_amount !== undefined && params.unit_amount_decimal !== undefined) {
    throw invalidRequest(
      "You may only specify one of these parameters: unit_amount, unit_amount_decimal.",
    );
  }
  const amount = params.unit_amount === undefined
    ? params.unit_amount_decimal
    : String(params.unit_amount);
  if (amount === undefined) {
    throw invalidRequest(
      "Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.",
      {
        code: "parameter_missing",
        param: "unit_amount",
      },
    );
  }
  if (Number(amount) < 0) {
    throw invalidRequest("Invalid non-negative integer", {
      code: "parameter_invalid_integer",
      param: "unit_amount",
    });
  }
  if (Number(amount) > 99_999_999) {
    throw invalidRequest("Invalid integer: the amount is above 99999999", {
      code: "amount_too_large",
      param: "unit_amount",
    });
  }
  return amount;
}

/** A lookup key belongs to one price; it moves only when asked to. */
function claimLookupKey(scope: Scope, key: string | undefined, transfer: boolean): string | null {
  if (key === undefined) return null;
  if (key.length > 200) {
    throw invalidRequest("Invalid lookup_key: at most 200 characters", { param: "lookup_key" });
  }
  const owner = scope.store.prices.newestFirst().find((price) => price.lookup_key === key);
  if (owner === undefined) return key;
  if (!transfer) {
    throw invalidRequest(`A price (${owner.id}) already uses that lookup key.`, {
      code: "resource_already_exists",
      param: "lookup_key",
    });
  }
  const stripped = scope.store.prices.put({ ...owner, lookup_key: null });
  scope.emit("price updated", { "price.updated": changed(owner, stripped) });
  return key;
}

export const priceEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/prices",
    params: createParams,
    handle: (scope, params) => createPrice(scope, params),
  }),
  endpoint({
    method: "GET",
    path: "/v1/prices/:id",
    params: z.strictObject({}),
    handle(scope, _params, path) {
      const price = scope.store.prices.get(path("id"));
      if (price === undefined) throw noSuch("price", path("id"), "price", 404);
      return price;
    },
  }),
  endpoint({
    method: "POST",
    path: "/v1/prices/:id",
    params: updateParams,
    handle(scope, params, path) {
      const before = scope.store.prices.need(path("id"), "price");
      const key = params.lookup_key === undefined || params.lookup_key === "" ||
          params.lookup_key === before.lookup_key
        ? replaceText(before.lookup_key, params.lookup_key)
        : claimLookupKey(scope, params.lookup_key, params.transfer_lookup_key ?? false);
      const price: Price = scope.store.prices.put({
        ...before,
        active: params.active ?? before.active,
        lookup_key: key,
        metadata: mergeMetadata(before.metadata, params.metadata),
        nickname: replaceText(before.nickname, params.nickname),
        tax_behavior: params.tax_behavior ?? before.tax_behavior,
      });
      scope.emit("price updated", { "price.updated": changed(before, price) });
      return price;
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/prices",
    params: listParams,
    handle(scope, params) {
      const items = scope.store.prices.newestFirst().filter((item) =>
        (params.active === undefined || item.active === params.active) &&
        (params.currency === undefined || item.currency === params.currency) &&
        (params.product === undefined || item.product === params.product) &&
        (params.type === undefined || item.type === params.type) &&
        (params.recurring?.interval === undefined ||
          item.recurring?.interval === params.recurring.interval) &&
        (params.recurring?.usage_type === undefined ||
          item.recurring?.usage_type === params.recurring.usage_type) &&
        (params.lookup_keys === undefined ||
          (item.lookup_key !== null && params.lookup_keys.includes(item.lookup_key))) &&
        inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/prices");
    },
  }),
];
