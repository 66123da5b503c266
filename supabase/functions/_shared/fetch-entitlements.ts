import type Stripe from "stripe";
import type { Fetched } from "./object-kinds.ts";

const PAGE = 100;

/**
 * All active entitlements of a customer, page by page. The answer's time is the first page's: what
 * changed after it is told by a later event.
 */
export async function fetchEntitlements(
  stripe: Stripe,
  customerId: string,
): Promise<Fetched & { id: string; entitlements: Stripe.Entitlements.ActiveEntitlement[] }> {
  const list = (starting_after?: string) =>
    stripe.entitlements.activeEntitlements.list({
      customer: customerId,
      limit: PAGE,
      ...(starting_after === undefined ? {} : { starting_after }),
    });
  const first = await list();
  const entitlements = [...first.data];
  let hasMore = first.has_more;
  while (hasMore) {
    const page = await list(entitlements.at(-1)?.id);
    entitlements.push(...page.data);
    hasMore = page.has_more && page.data.length > 0;
  }
  return { id: customerId, entitlements, lastResponse: first.lastResponse };
}
