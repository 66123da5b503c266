import type { TransactionSql } from "postgres";
import { z } from "zod";
import type { ConfiguredSecret } from "./configured-secrets.ts";

/** From here on a secret is to be replaced; the rule `key_age` alerts at the same age unless it was set otherwise. */
export const OLD_DAYS = 90;
const DAY = 86_400;
/** A secret that verified nothing for this long is out of use: Stripe lets an old one live for at most 24 hours. */
const QUIET_SECONDS = DAY;

const useSchema = z.object({
  fingerprint: z.string(),
  kind: z.enum(["webhook_secret", "function_key"]),
  used_by: z.string(),
  /** Seconds since its first and last use. */
  first: z.number(),
  last: z.number(),
});
export type KeyUse = z.infer<typeof useSchema>;

/** Every secret that was ever used here. Brings the table up to date first. */
export async function readKeyUses(sql: TransactionSql): Promise<KeyUse[]> {
  await sql`select payments_private.note_key_uses()`;
  const rows = await sql`
    select k.fingerprint, k.kind, k.used_by,
      extract(epoch from now() - k.first_used_at)::float8 as first,
      extract(epoch from now() - k.last_used_at)::float8 as last
    from payments_private.key_uses as k order by k.kind, k.last_used_at desc, k.fingerprint`;
  return rows.map((row) => useSchema.parse(row));
}

export type KeyState =
  | "in use"
  | "old"
  | "out of use"
  | "not used yet"
  | "still used, not configured";

export interface KeyLine {
  readonly fingerprint: string;
  readonly kind: ConfiguredSecret["kind"];
  /** Its name or place in the configuration; null where it is not configured, or that is not known. */
  readonly configured: string | null;
  readonly used_by: string | null;
  readonly first: number | null;
  readonly last: number | null;
  readonly state: KeyState;
}

/** What was used and what is configured, as one list. @param configured empty: nothing is known of it */
export function judgeKeyUses(
  uses: readonly KeyUse[],
  configured: readonly ConfiguredSecret[],
): KeyLine[] {
  const known = new Set(configured.map(({ kind }) => kind));
  const used = uses.map((use): KeyLine => {
    const match = configured.find((secret) => secret.fingerprint === use.fingerprint);
    const isQuiet = use.last > QUIET_SECONDS;
    const isGone = match === undefined && known.has(use.kind);
    return {
      ...use,
      configured: match?.label ?? null,
      state: isGone && !isQuiet
        ? "still used, not configured"
        : isQuiet
        ? "out of use"
        : use.first > OLD_DAYS * DAY
        ? "old"
        : "in use",
    };
  });
  const unused = configured.filter((secret) =>
    !uses.some((use) => use.fingerprint === secret.fingerprint)
  );
  return [
    ...used,
    ...unused.map(({ fingerprint, kind, label }): KeyLine => ({
      fingerprint,
      kind,
      configured: label,
      used_by: null,
      first: null,
      last: null,
      state: "not used yet",
    })),
  ];
}
