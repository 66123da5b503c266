/** A price a visitor can pick, as the catalogue has it. */
export interface Price {
  readonly id: string;
  readonly productId: string;
  readonly currency: string;
  readonly unitAmountMinor: number;
  readonly interval: "month" | "year" | "once";
  /** What checkout is asked for: the lookup key, else the id. */
  readonly reference: string;
}

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly prices: readonly Price[];
}

export interface Catalogue {
  /** Sold by subscription, cheapest first. */
  readonly plans: readonly Product[];
  /** Sold once, cheapest first. */
  readonly extras: readonly Product[];
}

/** The price of a product for an interval, if it has one. */
export function priceFor(product: Product, interval: Price["interval"]): Price | undefined {
  return product.prices.find((price) => price.interval === interval);
}

/** Finds what a reference (lookup key or price id) stands for. */
export function findOffer(
  catalogue: Catalogue,
  reference: string,
): { readonly product: Product; readonly price: Price } | undefined {
  for (const product of [...catalogue.plans, ...catalogue.extras]) {
    for (const price of product.prices) {
      if (price.reference === reference || price.id === reference) return { product, price };
    }
  }
  return undefined;
}

/** The words after an amount: `per month`, `per year`, `once`. */
export function intervalWords(interval: Price["interval"]): string {
  return interval === "once" ? "once" : `per ${interval}`;
}
