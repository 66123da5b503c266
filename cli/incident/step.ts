import { Command } from "commander";
import type { TransactionSql } from "postgres";
import { z } from "zod";
import { type CommandIo, type ExitCode, UsageError } from "../command-io.ts";
import {
  askAsOperator,
  type OperateOptions,
  operateOptions,
  type Operator,
} from "../operate/operate.ts";

/** What a step of an incident answers, and what it adds. */
const answerSchema = z.looseObject({ ok: z.boolean(), code: z.string().optional() });
export type Answer = z.infer<typeof answerSchema>;

/** The codes of the database's functions; a constraint's code is its name. */
const REFUSALS: Readonly<Record<string, string>> = {
  a_late_notice_says_why:
    "The 72 hours were over: --reason-if-late says why, in ten characters or more (GDPR Art. 33 (1))",
  a_notice_was_given_after_awareness:
    "The authority was told after we became aware, and not in the future",
  already_recorded: "The notice to the authority was recorded before; it stays as it is",
  card_number: "The template looks as if it held a card number",
  clock_goes_one_way: "The moment of awareness may become earlier, never later",
  closing_needs_a_follow_up: "It closes with at least one --follow-up",
  closing_needs_a_root_cause: "It closes with its root cause, in ten characters or more",
  closing_needs_an_assessment: "Say first whether personal data is concerned: incident assess",
  closing_needs_the_notice_or_a_reason:
    "Personal data is concerned: record the notice to the authority, or say why there was none",
  closing_needs_what_the_authority_asks:
    "Personal data is concerned: nature, categories and numbers of people and records, consequences, measures and contact are still to be assessed",
  incident_closed: "It is closed, and final",
  invalid_field: "A field does not hold that; nothing was changed",
  invalid_notice: "A notice has a subject of one line and a text of no more than 20,000 characters",
  invalid_search: "That is no search: --from is needed and comes before --until",
  notices_undelivered:
    "Notices to the affected are undelivered: incident notices. Wait for them, or say how people were told: --told-otherwise",
  nobody_affected: "No affected user is known yet: incident affected",
  not_found: "There is no such incident",
  times_are_in_order: "Detected, then aware, then opened: the times are in another order",
  told_otherwise_is_a_sentence: "--told-otherwise says how, in ten characters or more",
  unknown_key: "Name the key that is rotated",
  unknown_step: "There is no such step",
  unknown_user: "No user has this id",
};

export interface Step<Options extends OperateOptions> {
  readonly options: Options;
  readonly ask: (sql: TransactionSql, operator: Operator) => Promise<unknown>;
  /** What is printed when it was done. */
  readonly done: (answer: Answer) => string;
}

/** A command that changes an incident: it takes a reason and a name, and the incident's id. */
export function stepCommand(name: string): Command {
  return operateOptions(new Command(name)).argument("<incident>", "the incident's id");
}

/** Runs a step and prints what became of it. */
export async function runStep<Options extends OperateOptions>(
  io: CommandIo,
  { options, ask, done }: Step<Options>,
): Promise<ExitCode> {
  const answer = answerSchema.parse(await askAsOperator(io, options, ask));
  if (options.json === true) io.out(`${JSON.stringify(answer, null, 2)}\n`);
  else if (answer.ok) io.out(`${done(answer)}\n`);
  else io.error(`${explain(answer)}\n`);
  return answer.ok ? 0 : 1;
}

function explain(answer: Answer): string {
  if (answer.code === "unknown_placeholder") {
    return `The template names {{${
      answer["placeholder"]
    }}}, which is unknown or not assessed yet. Known: ${PLACEHOLDERS.join(", ")}`;
  }
  return REFUSALS[answer.code ?? ""] ?? `Refused: ${answer.code}`;
}

/** What a template of notices may name. */
export const PLACEHOLDERS = [
  "title",
  "detected_on",
  "nature",
  "likely_consequences",
  "measures",
  "contact",
  "incident",
  "user",
];

/** @throws UsageError for what is no incident's id */
export function readIncidentId(text: string): string {
  if (!z.uuid().safeParse(text).success) throw new UsageError("An incident's id is a UUID");
  return text.toLowerCase();
}

/** @throws UsageError for what is no date and no time */
export function readMoment(text: string | undefined, option: string): string | null {
  if (text === undefined) return null;
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(Date.parse(text))) {
    throw new UsageError(`${option} is a date like 2026-11-24 or a time like 2026-11-24T10:00:00Z`);
  }
  return new Date(text).toISOString();
}
