import * as z from "zod/mini";
import { moment, optionalMoment } from "../../../billing/moment.ts";

const holdSchema = z.object({
  id: z.string(),
  scope: z.string(),
  user_id: z.nullable(z.string()),
  resource_id: z.nullable(z.string()),
  from: optionalMoment,
  until: optionalMoment,
  reason: z.string(),
  placed_by: z.string(),
  placed_at: moment,
  release_requested_by: z.nullable(z.string()),
  release_request_reason: z.nullable(z.string()),
});

export type LegalHold = z.infer<typeof holdSchema>;

/** What `staff_list_legal_holds` answers. */
export const legalHoldsSchema = z.object({ holds: z.array(holdSchema) });
