import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderAuditEvents } from "../../supabase/functions/_shared/audit/event-catalogue.ts";
import type { CheckStep } from "./check-step.ts";

const PAGE = "docs/audit-events.md";

/**
 * The page is generated from the code's own list.
 * @param write put it into the tree instead of comparing it
 */
export function auditEventsStep(write: boolean): CheckStep {
  return {
    name: "audit events",
    run: async (root) => {
      const file = join(root, PAGE);
      const rendered = renderAuditEvents();
      if (write) await writeFile(file, rendered);
      return await readFile(file, "utf8").catch(() => "") === rendered ? [] : [
        `${PAGE} differs from the catalogue: run npm run check -- --only "audit events" --write-types`,
      ];
    },
  };
}
