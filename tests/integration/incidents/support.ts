import type postgres from "postgres";
import { z } from "zod";
import { payments } from "../cli/support.ts";

export const because = ["--reason", "it is a drill", "--as", "Ada"];

/** Runs `payments incident …` and reads the JSON it prints. */
export async function incident(...argv: string[]) {
  const { code, out, error } = await payments(["incident", ...argv, "--json", ...because]);
  return { code, error, answer: out === "" ? {} : z.looseObject({}).parse(JSON.parse(out)) };
}

/** The same for the commands that only read. */
export async function look(...argv: string[]) {
  const { code, out, error } = await payments(["incident", ...argv, "--json"]);
  return { code, error, answer: out === "" ? {} : z.looseObject({}).parse(JSON.parse(out)) };
}

/** Opens an incident, as the command does: so many tests begin with it that the command would cost seconds. */
export async function open(
  sql: postgres.Sql,
  { detectedAt = null, awareAt = null }: {
    detectedAt?: string | null;
    awareAt?: string | null;
  } = {},
): Promise<string> {
  const [row] =
    await sql`select payments_private.open_incident('Ada', 'other', 'high', 'a test incident',
    'it is a drill', ${detectedAt}, ${awareAt}) as answer`;
  return z.object({ incident: z.uuid() }).parse(row?.["answer"]).incident;
}

/** Adds to an incident those whom the trail names with this actor. */
export async function addAffected(sql: postgres.Sql, id: string, actor: string): Promise<void> {
  const search = sql.json({ from: hoursAgo(1), actor });
  await sql`select payments_private.find_affected('Ada', ${id}, ${search}, 'it is a drill')`;
}

export const ASSESSMENT = [
  ...["--personal-data", "yes", "--nature", "billing summaries were read"],
  ...["--people-categories", "customers", "--people-count", "2"],
  ...["--record-categories", "subscriptions", "--record-count", "2"],
  ...["--consequences", "somebody knows what was bought", "--measures", "the key was replaced"],
  ...["--contact", "privacy@shop.example"],
];

export const CAUSE = ["--root-cause", "a key stood in a log that others could read"];
export const FOLLOW_UP = ["--follow-up", "2026-12-31 security: search the logs of last month"];

export function hoursAgo(hours: number): string {
  return new Date(Date.now() - hours * 3_600_000).toISOString();
}
