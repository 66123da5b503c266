import { Buffer } from "node:buffer";
import type { TransactionSql } from "postgres";
import { z } from "zod";
import { leafHash } from "../../supabase/functions/_shared/audit/merkle-tree.ts";
import type { Database } from "../connect/with-database.ts";
import { inclusionPaths } from "./inclusion-paths.ts";
import { OVERDUE_MS } from "./check-lines.ts";
import type { LineFile } from "./line-file.ts";
import type { ResolvedScope } from "./scope.ts";

const ROWS_A_PAGE = 500;

export interface RowCounts {
  readonly rows: number;
  readonly unsealed: number;
  /** Rows that are not what was sealed: they are exported, and will not verify. */
  readonly changed: number;
  /** Rows that are in no seal although rows after them are: somebody put them in later. */
  readonly overdue: number;
  /** The first seal that a row is in; null where no row is in any. */
  readonly firstSeal: number | null;
}

/** The parameters of `MATCHES`. */
export function matchValues({ scope, ids, resources }: ResolvedScope): (string | null)[] {
  const isByTime = scope.users.length === 0 && scope.resources.length === 0 &&
    scope.incident === null;
  return [
    scope.from,
    scope.until,
    isByTime ? "t" : "f",
    JSON.stringify(ids),
    JSON.stringify(resources),
  ];
}

const MATCHES = `
  l.occurred_at >= coalesce($1::text::timestamptz, '-infinity') and l.occurred_at <= $2::text::timestamptz
  and ($3::text::boolean
    -- lists to hash once: an incident may have thousands of users
    or l.actor_id in (select jsonb_array_elements_text($4::text::jsonb))
    or l.resource_id in (select jsonb_array_elements_text($4::text::jsonb))
    or (l.resource_type, l.resource_id) in (
      select r.type, r.id from jsonb_to_recordset($5::text::jsonb) as r (type text, id text)))`;

const COUNT = `select count(*)::int as total from audit.audit_logs as l where ${MATCHES}`;

const ROWS = `
declare evidence no scroll cursor for
select l.id, l.payload, e.seal_number::int as seal, e.leaf_index as index,
  encode(e.leaf_hash, 'hex') as leaf,
  e.seal_number is null and coalesce(l.occurred_at < (
    select max(s.sealed_at) from audit.seals as s) - interval '${
  OVERDUE_MS / 1000
} seconds', false) as overdue
from audit.audit_logs as l
left join audit.seal_entries as e on e.log_id = l.id and e.occurred_at = l.occurred_at
where ${MATCHES}
order by e.seal_number nulls last, e.leaf_index, l.occurred_at, l.id`;

const rowSchema = z.object({
  id: z.string(),
  payload: z.string(),
  seal: z.number().nullable(),
  index: z.number().nullable(),
  leaf: z.string().nullable(),
  overdue: z.boolean(),
});

/** Writes a line for each row of the scope, with its proof, in the order of the seals. */
export async function writeRows(
  database: Database,
  resolved: ResolvedScope,
  file: LineFile,
  onProgress: (done: number, total: number, what: string) => void,
): Promise<RowCounts> {
  return await database.readAudit(async (sql) => {
    // sorting ten million rows takes longer than the time that other commands are given
    await sql`select set_config('statement_timeout', '0', true)`;
    const values = matchValues(resolved);
    onProgress(0, 0, "counting rows");
    const [counted] = await sql.unsafe<{ total: number }[]>(COUNT, values);
    onProgress(0, 0, `sorting ${counted?.total ?? 0} rows`);
    await sql.unsafe(ROWS, values);
    const pathOf = pathsOfSeals(sql);
    let counts: RowCounts = { rows: 0, unsealed: 0, changed: 0, overdue: 0, firstSeal: null };
    for (;;) {
      const page = await sql.unsafe(`fetch ${ROWS_A_PAGE} from evidence`);
      for (const fetched of page) {
        const { id, payload, seal, index, leaf, overdue } = rowSchema.parse(fetched);
        if (seal === null || index === null) {
          await file.write(JSON.stringify({ id, payload, unsealed: true }));
          counts = {
            ...counts,
            unsealed: counts.unsealed + 1,
            overdue: counts.overdue + (overdue ? 1 : 0),
          };
          continue;
        }
        const path = await pathOf(seal, index);
        await file.write(JSON.stringify({ id, payload, seal, index, path }));
        const isChanged = Buffer.from(leafHash(payload)).toString("hex") !== leaf;
        counts = {
          ...counts,
          changed: counts.changed + (isChanged ? 1 : 0),
          firstSeal: counts.firstSeal ?? seal,
        };
      }
      counts = { ...counts, rows: counts.rows + page.length };
      const total = counted?.total ?? counts.rows;
      onProgress(counts.rows, total, `${counts.rows} of ${total} rows`);
      if (page.length < ROWS_A_PAGE) return counts;
    }
  });
}

/** Proofs of rows that come in the order of their seals: one seal's leaves are held at a time. */
function pathsOfSeals(sql: TransactionSql): (seal: number, index: number) => Promise<string[]> {
  let [held, pathOf] = [0, inclusionPaths([])];
  return async (seal, index) => {
    if (seal !== held) {
      const leaves = await sql<{ leaf: string }[]>`
        select encode(e.leaf_hash, 'hex') as leaf from audit.seal_entries as e
        where e.seal_number = ${seal} order by e.leaf_index`;
      [held, pathOf] = [seal, inclusionPaths(leaves.map(({ leaf }) => Buffer.from(leaf, "hex")))];
    }
    return pathOf(index);
  };
}
