import { z } from "zod";
import { optionalText, projectWith, time } from "./fields.ts";

/**
 * No e-mail, name, address or phone, and no metadata: whose customer it is, is never Stripe's to say.
 * @see https://docs.stripe.com/api/customers/object
 */
export const projectCustomer = projectWith(
  z.object({
    id: z.string(),
    currency: optionalText,
    delinquent: z.boolean().nullish(),
    created: time,
  }),
  ({ created, delinquent, ...columns }) => ({
    ...columns,
    delinquent: delinquent ?? false,
    created_at: created,
  }),
);
