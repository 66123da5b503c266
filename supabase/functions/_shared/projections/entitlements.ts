import { z } from "zod";
import { projectWith, reference } from "./fields.ts";

/**
 * A customer's whole set of active entitlements, put together from the list call; `id` is the
 * customer's.
 * @see https://docs.stripe.com/api/entitlements/active-entitlement/list
 */
export const projectEntitlements = projectWith(
  z.object({
    id: z.string(),
    entitlements: z.array(z.object({ id: z.string(), feature: reference, lookup_key: z.string() })),
  }),
  ({ id, entitlements }) => ({
    id,
    entitlements: entitlements.map((entitlement) => ({
      id: entitlement.id,
      feature_id: entitlement.feature,
      lookup_key: entitlement.lookup_key,
    })),
  }),
);
