import type { Catalogue, Price, Product } from "./catalogue.ts";

export interface ProductRow {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
}

export interface PriceRow {
  readonly id: string;
  readonly product_id: string;
  readonly currency: string;
  readonly unit_amount: number | null;
  readonly type: string;
  readonly recurring_interval: string | null;
  readonly recurring_interval_count: number | null;
  readonly lookup_key: string | null;
}

/**
 * Sorts rows into what the shop shows. A price without one clear amount (tiered, metered) or with an
 * interval the page has no words for is left out: better unseen than wrong.
 */
export function arrangeCatalogue(
  products: readonly ProductRow[],
  prices: readonly PriceRow[],
): Catalogue {
  const sellable = prices.map(toPrice).filter((price) => price !== undefined);
  const all = products.map((row) => ({
    id: row.id,
    name: row.name,
    description: row.description ?? "",
    prices: sellable.filter((price) => price.productId === row.id),
  }));
  return {
    plans: withPrices(all, (price) => price.interval !== "once"),
    extras: withPrices(all, (price) => price.interval === "once"),
  };
}

function withPrices(
  products: readonly Product[],
  wanted: (price: Price) => boolean,
): readonly Product[] {
  return products
    .map((product) => ({ ...product, prices: product.prices.filter(wanted) }))
    .filter((product) => product.prices.length > 0)
    .sort((left, right) => cheapest(left) - cheapest(right));
}

function cheapest(product: Product): number {
  return Math.min(...product.prices.map((price) => price.unitAmountMinor));
}

function toPrice(row: PriceRow): Price | undefined {
  const interval = intervalOf(row);
  if (interval === undefined || row.unit_amount === null) return undefined;
  return {
    id: row.id,
    productId: row.product_id,
    currency: row.currency,
    unitAmountMinor: row.unit_amount,
    interval,
    reference: row.lookup_key ?? row.id,
  };
}

function intervalOf(row: PriceRow): Price["interval"] | undefined {
  if (row.type === "one_time") return "once";
  if ((row.recurring_interval_count ?? 1) !== 1) return undefined;
  return row.recurring_interval === "month" || row.recurring_interval === "year"
    ? row.recurring_interval
    : undefined;
}
