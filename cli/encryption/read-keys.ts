import type { TransactionSql } from "postgres";
import { z } from "zod";

const keysSchema = z.object({
  /** Keys the worker has said it has, newest first. Ages in seconds. */
  keys: z.array(z.object({
    key_id: z.string(),
    is_current: z.boolean(),
    in_ring: z.boolean(),
    age: z.number(),
  })),
  /** How many values lie under which key. */
  values: z.array(z.object({
    table_name: z.string(),
    column_name: z.string(),
    key_id: z.string(),
    count: z.number(),
  })),
});

/** Which keys there are and what lies under each. */
export type EncryptionKeys = z.infer<typeof keysSchema>;

export async function readKeys(sql: TransactionSql): Promise<EncryptionKeys> {
  const [row] = await sql`
    select jsonb_build_object(
      'keys', (
        select coalesce(jsonb_agg(jsonb_build_object('key_id', k.key_id, 'is_current', k.is_current,
          'in_ring', k.in_ring, 'age', extract(epoch from now() - k.first_seen_at))
          order by k.is_current desc, k.first_seen_at desc), '[]')
        from payments_private.encryption_keys as k),
      'values', (
        select coalesce(jsonb_agg(to_jsonb(v) order by v.table_name, v.column_name, v.key_id), '[]')
        from (
          select e.table_name, e.column_name, e.key_id, count(*)::integer as count
          from payments_private.encrypted_values as e group by 1, 2, 3
        ) as v)) as keys`;
  return keysSchema.parse(row?.["keys"]);
}

/** Values that wait for the current key, and those that nobody can read. */
export function judgeKeys({ keys, values }: EncryptionKeys) {
  const total = values.reduce((sum, { count }) => sum + count, 0);
  const sum = (test: (keyId: string) => boolean) =>
    values.filter(({ key_id }) => test(key_id)).reduce((all, { count }) => all + count, 0);
  const keyOf = (id: string) => keys.find(({ key_id }) => key_id === id);
  return {
    total,
    outdated: sum((id) => keyOf(id)?.in_ring === true && keyOf(id)?.is_current === false),
    /** Before the worker has run once, nothing can be said. */
    unreadable: keys.length === 0 ? 0 : sum((id) => keyOf(id)?.in_ring !== true),
  };
}
