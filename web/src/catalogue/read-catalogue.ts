import type { SupabaseClient } from "@supabase/supabase-js";
import * as z from "zod/mini";
import { type Outcome, succeeded } from "../api/failure.ts";
import { readRows } from "../api/read-rows.ts";
import { arrangeCatalogue } from "./arrange-catalogue.ts";
import type { Catalogue } from "./catalogue.ts";

const productRow = z.object({
  id: z.string(),
  name: z.string(),
  description: z.nullable(z.string()),
});

const priceRow = z.object({
  id: z.string(),
  product_id: z.string(),
  currency: z.string(),
  unit_amount: z.nullable(z.int()),
  type: z.string(),
  recurring_interval: z.nullable(z.string()),
  recurring_interval_count: z.nullable(z.int()),
  lookup_key: z.nullable(z.string()),
});

/** Reads what is for sale. Needs no session: a price list is public. */
export async function readCatalogue(client: SupabaseClient): Promise<Outcome<Catalogue>> {
  const payments = client.schema("payments");
  const [products, prices] = await Promise.all([
    readRows(
      payments.from("products").select("id,name,description").eq("active", true),
      productRow,
    ),
    readRows(
      payments.from("prices").select(
        "id,product_id,currency,unit_amount,type,recurring_interval,recurring_interval_count,lookup_key",
      ).eq("active", true),
      priceRow,
    ),
  ]);
  if (!products.ok) return products;
  if (!prices.ok) return prices;
  return succeeded(arrangeCatalogue(products.value, prices.value));
}
