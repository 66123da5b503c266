import type { Scope } from "../engine/scope.ts";
import type { Metadata, Product } from "./types.ts";

/** A new product. */
export function buildProduct(scope: Scope, from: {
  id?: string | undefined;
  name: string;
  description: string | null;
  active: boolean;
  images: string[];
  metadata: Metadata;
  statementDescriptor: string | null;
  unitLabel: string | null;
  url: string | null;
  shippable: boolean | null;
  taxCode: string | null;
}): Product {
  const now = scope.clock.now();
  return {
    id: from.id ?? scope.ids.make("prod", 14),
    object: "product",
    active: from.active,
    created: now,
    default_price: null,
    description: from.description,
    images: from.images,
    livemode: false,
    marketing_features: [],
    metadata: from.metadata,
    name: from.name,
    package_dimensions: null,
    shippable: from.shippable,
    statement_descriptor: from.statementDescriptor,
    tax_code: from.taxCode,
    tax_details: null,
    type: "service",
    unit_label: from.unitLabel,
    updated: now,
    url: from.url,
  };
}
