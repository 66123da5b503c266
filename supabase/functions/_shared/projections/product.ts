import { z } from "zod";
import { optionalText, projectWith, time } from "./fields.ts";

/** @see https://docs.stripe.com/api/products/object */
export const projectProduct = projectWith(
  z.object({
    id: z.string(),
    active: z.boolean(),
    name: z.string(),
    description: optionalText,
    created: time,
  }),
  ({ created, ...columns }) => ({ ...columns, created_at: created }),
);
