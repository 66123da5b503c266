import Stripe from "stripe";

interface CatalogueEntry {
  name: string;
  description: string;
  prices: readonly {
    lookupKey: string;
    unitAmount: number;
    interval: "month" | "year" | undefined;
  }[];
}

/** What the demo shop sells. Amounts in US cents. */
const catalogue: readonly CatalogueEntry[] = [
  {
    name: "Starter",
    description: "For people who are trying things out: one project, community support.",
    prices: [
      { lookupKey: "starter_monthly", unitAmount: 900, interval: "month" },
      { lookupKey: "starter_yearly", unitAmount: 9_000, interval: "year" },
    ],
  },
  {
    name: "Pro",
    description: "For teams that ship: unlimited projects, priority support.",
    prices: [
      { lookupKey: "pro_monthly", unitAmount: 2_900, interval: "month" },
      { lookupKey: "pro_yearly", unitAmount: 29_000, interval: "year" },
    ],
  },
  {
    name: "Lifetime badge",
    description: "Paid once, shown forever.",
    prices: [{ lookupKey: "badge_once", unitAmount: 4_900, interval: undefined }],
  },
];

/** Makes the demo catalogue at Stripe or its twin. What is there already, by lookup key, is left alone. */
export async function seedCatalogue(stripe: Stripe): Promise<void> {
  const wanted = catalogue.flatMap(({ prices }) => prices.map(({ lookupKey }) => lookupKey));
  const { data } = await stripe.prices.list({ lookup_keys: wanted, limit: 100 });
  const productOf = new Map(
    data.map((price) => [
      price.lookup_key,
      typeof price.product === "string" ? price.product : price.product.id,
    ]),
  );
  for (const entry of catalogue) await seedProduct(stripe, entry, productOf);
}

async function seedProduct(
  stripe: Stripe,
  entry: CatalogueEntry,
  productOf: ReadonlyMap<string | null, string>,
): Promise<void> {
  const missing = entry.prices.filter(({ lookupKey }) => !productOf.has(lookupKey));
  if (missing.length === 0) return;
  const known = entry.prices.map(({ lookupKey }) => productOf.get(lookupKey)).find(Boolean);
  const product = known ??
    (await stripe.products.create({ name: entry.name, description: entry.description })).id;
  for (const { lookupKey, unitAmount, interval } of missing) {
    await stripe.prices.create({
      product,
      currency: "usd",
      unit_amount: unitAmount,
      lookup_key: lookupKey,
      ...(interval === undefined ? {} : { recurring: { interval } }),
    });
  }
}
