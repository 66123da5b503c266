import { z } from "zod";
import type { Database } from "../connect/with-database.ts";
import type { Operator } from "../operate/operate.ts";
import type { Scope } from "./manifest.ts";
import type { AskedScope } from "./scope.ts";

const answerSchema = z.object({ ok: z.boolean(), code: z.string().optional(), hold: z.string() });

/**
 * Places a legal hold on each user and resource of a scope, or on its times where it names none.
 *
 * @returns the holds' ids
 */
export async function placeHolds(
  database: Database,
  scope: Scope,
  asked: AskedScope,
  { name, reason }: Operator,
): Promise<string[]> {
  // one that nobody gave an end holds what is still to come, too
  const { from } = scope;
  const { until } = asked;
  const subjects = [
    ...scope.users.map((id) => ({ scope: "user", user: id, resource: null })),
    ...scope.resources.map(({ id }) => ({ scope: "resource", user: null, resource: id })),
  ];
  const ofTime = {
    scope: from === null && until === null ? "all" : "time",
    user: null,
    resource: null,
  };
  return await database.change(async (sql) => {
    const holds: string[] = [];
    for (const { scope: of, user, resource } of subjects.length === 0 ? [ofTime] : subjects) {
      const [row] = await sql`
        select payments_private.place_legal_hold(${name}, ${of}, ${reason}, ${user}, ${resource}, ${from}, ${until})
          as answer`;
      holds.push(answerSchema.parse(row?.["answer"]).hold);
    }
    return holds;
  });
}
