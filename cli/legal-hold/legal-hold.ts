import { z } from "zod";
import { renderColumns } from "../render-columns.ts";

export const legalHoldSchema = z.object({
  id: z.uuid(),
  scope: z.enum(["all", "user", "resource", "time"]),
  user_id: z.string().nullable(),
  resource_id: z.string().nullable(),
  from: z.string().nullable(),
  until: z.string().nullable(),
  reason: z.string(),
  placed_by: z.string(),
  placed_at: z.string(),
  release_requested_by: z.string().nullable(),
  release_request_reason: z.string().nullable(),
  released_by: z.string().nullable(),
  released_at: z.string().nullable(),
});

/** What must not be purged, by whom and why. */
export type LegalHold = z.infer<typeof legalHoldSchema>;

export function renderHolds(holds: readonly LegalHold[]): string {
  if (holds.length === 0) return "No legal hold is in force.\n";
  return renderColumns(
    ["HOLD", "COVERS", "SINCE", "BY", "STATE", "REASON"],
    holds.map((hold) => [
      hold.id,
      whatOf(hold),
      hold.placed_at.slice(0, 10),
      hold.placed_by,
      stateOf(hold),
      hold.reason,
    ]),
  );
}

function whatOf({ scope, user_id: user, resource_id: resource, from, until }: LegalHold): string {
  const what = scope === "user"
    ? `user ${user}`
    : scope === "resource"
    ? `${resource}`
    : "everything";
  const when = [
    ...(from === null ? [] : [`from ${from.slice(0, 10)}`]),
    ...(until === null ? [] : [`until ${until.slice(0, 10)}`]),
  ];
  return [what, ...when].join(" ");
}

function stateOf({ released_by: released, release_requested_by: requested }: LegalHold): string {
  if (released !== null) return `released by ${released}`;
  return requested === null ? "in force" : `in force, ${requested} asks for its release`;
}
