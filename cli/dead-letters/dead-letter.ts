import { z } from "zod";
import type { TransactionSql } from "postgres";

const deadLetterSchema = z.object({
  event_id: z.string(),
  event_type: z.string(),
  object_kind: z.string().nullable(),
  object_id: z.string().nullable(),
  status: z.enum(["retry", "dead"]),
  attempts: z.number(),
  created: z.string(),
  received_at: z.string(),
  next_attempt_at: z.string().nullable(),
  last_error: z.string().nullable(),
  replay: z.enum([
    "stored_projection",
    "stored_body",
    "fetch_event",
    "fetch_object",
    "unreplayable",
  ]),
});

/** An event that was recorded and has not had its effect. No payload. */
export type DeadLetter = z.infer<typeof deadLetterSchema>;

/** Which of them; keys are those of `payments_private.unsettled_events`. */
export type DeadLetterFilter = {
  event_id?: string;
  event_type?: string;
  object_id?: string;
  status?: string;
  received_since?: string;
};

const replayedSchema = z.object({ replayed: z.number(), unreplayable: z.number() });

/** How many were put back in line. */
export type Replayed = z.infer<typeof replayedSchema>;

/** Lists what matches the filter, oldest first. */
export async function listDeadLetters(
  sql: TransactionSql,
  filter: DeadLetterFilter,
): Promise<DeadLetter[]> {
  const [row] = await sql`
    select payments_private.list_dead_letters(${sql.json(filter)}) as letters`;
  return z.array(deadLetterSchema).parse(row?.["letters"]);
}

/** Puts what matches the filter back in line, and audits who and why. */
export async function replayDeadLetters(
  sql: TransactionSql,
  filter: DeadLetterFilter,
  { operator, reason }: { operator: string; reason: string },
): Promise<Replayed> {
  const [row] = await sql`
    select payments_private.replay_events(${sql.json(filter)}, ${operator}, ${reason}) as replayed`;
  return replayedSchema.parse(row?.["replayed"]);
}
