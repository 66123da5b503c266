import { z } from "zod";
import { changed, made } from "../engine/emit.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest } from "../engine/errors.ts";
import {
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
  url,
} from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";
import { buildProduct } from "../objects/build-product.ts";
import type { Product } from "../objects/types.ts";
import { createPrice, currencyParam, recurringParam } from "./prices.ts";

const shared = {
  active: flag.optional(),
  images: z.array(text).max(8).optional(),
  metadata: metadata.optional(),
  shippable: flag.optional(),
  statement_descriptor: text.optional(),
  tax_code: text.optional(),
  url: url.optional(),
};

const createParams = z.strictObject({
  ...shared,
  id: text.optional(),
  name: text,
  description: text.optional(),
  unit_label: text.optional(),
  type: z.enum(["good", "service"]).optional(),
  default_price_data: z.strictObject({
    currency: currencyParam,
    unit_amount: integer,
    recurring: recurringParam.optional(),
    metadata: metadata.optional(),
  }).optional(),
});

const updateParams = z.strictObject({
  ...shared,
  name: text.optional(),
  description: unsettable.optional(),
  unit_label: unsettable.optional(),
  default_price: text.optional(),
});

export const productEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/products",
    params: createParams,
    handle(scope, params) {
      if (params.id !== undefined && scope.store.products.get(params.id) !== undefined) {
        throw invalidRequest(`Product already exists.`, {
          code: "resource_already_exists",
          param: "id",
        });
      }
      const product = scope.store.products.put(buildProduct(scope, {
        id: params.id,
        name: params.name,
        description: params.description ?? null,
        active: params.active ?? true,
        images: params.images ?? [],
        metadata: mergeMetadata({}, params.metadata),
        statementDescriptor: params.statement_descriptor ?? null,
        unitLabel: params.unit_label ?? null,
        url: params.url ?? null,
        shippable: params.shippable ?? null,
        taxCode: params.tax_code ?? null,
      }));
      scope.emit("product created", { "product.created": made(product) });
      if (params.default_price_data === undefined) return product;
      const price = createPrice(scope, { ...params.default_price_data, product: product.id });
      return scope.store.products.put({ ...product, default_price: price.id });
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/products/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.products.need(path("id")),
  }),
  endpoint({
    method: "POST",
    path: "/v1/products/:id",
    params: updateParams,
    handle(scope, params, path) {
      const before = scope.store.products.need(path("id"));
      if (params.default_price !== undefined) {
        scope.store.prices.need(params.default_price, "default_price", 400);
      }
      const product: Product = {
        ...before,
        active: params.active ?? before.active,
        name: params.name ?? before.name,
        description: replaceText(before.description, params.description),
        images: params.images ?? before.images,
        metadata: mergeMetadata(before.metadata, params.metadata),
        shippable: params.shippable ?? before.shippable,
        statement_descriptor: params.statement_descriptor ?? before.statement_descriptor ?? null,
        tax_code: params.tax_code ?? before.tax_code ?? null,
        unit_label: replaceText(before.unit_label ?? null, params.unit_label),
        default_price: params.default_price ?? before.default_price ?? null,
        url: params.url ?? before.url,
        updated: scope.clock.now(),
      };
      scope.store.products.put(product);
      scope.emit("product updated", { "product.updated": changed(before, product) });
      return product;
    },
  }),
  endpoint({
    method: "DELETE",
    path: "/v1/products/:id",
    params: z.strictObject({}),
    handle(scope, _params, path) {
      const product = scope.store.products.need(path("id"));
      if (scope.store.prices.newestFirst().some((price) => price.product === product.id)) {
        throw invalidRequest(
          "This product cannot be deleted because it has one or more user-created prices.",
        );
      }
      scope.store.products.remove(product.id);
      scope.emit("product deleted", { "product.deleted": made(product) });
      return { id: product.id, object: "product", deleted: true };
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/products",
    params: z.strictObject({
      ...pageParams,
      active: flag.optional(),
      created: range.optional(),
      ids: z.array(text).optional(),
      shippable: flag.optional(),
      url: text.optional(),
      type: text.optional(),
    }),
    handle(scope, params) {
      const items = scope.store.products.newestFirst().filter((item) =>
        (params.active === undefined || item.active === params.active) &&
        (params.shippable === undefined || item.shippable === params.shippable) &&
        (params.url === undefined || item.url === params.url) &&
        (params.type === undefined || item.type === params.type) &&
        (params.ids === undefined || params.ids.includes(item.id)) &&
        inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/products");
    },
  }),
];
