import { Command } from "commander";
import { type CommandIo, type Done, UsageError } from "../command-io.ts";
import { type OperateOptions, operateOptions } from "../operate/operate.ts";
import { readIncidentId, readMoment, runStep, stepCommand } from "./step.ts";

const KINDS = [
  "key_leak",
  "forged_events",
  "data_exposure",
  "fraud",
  "outage",
  "restore",
  "other",
];
const SEVERITIES = ["low", "medium", "high", "critical"];

interface OpenOptions extends OperateOptions {
  readonly kind: string;
  readonly severity: string;
  readonly title: string;
  readonly detectedAt?: string;
  readonly awareAt?: string;
}

/** The command `payments incident open`. */
export function openCommand(io: CommandIo, done: Done): Command {
  return operateOptions(new Command("open"))
    .description("Open an incident; its 72 hours run from the moment somebody became aware")
    .requiredOption("--kind <kind>", KINDS.join(", "))
    .requiredOption("--severity <severity>", SEVERITIES.join(", "))
    .requiredOption("--title <text>", "what it is, in a line; no names of people")
    .option("--detected-at <when>", "when it first showed (default: when we became aware)")
    .option("--aware-at <when>", "when we became aware (default: now)")
    .action(async (options: OpenOptions) => {
      oneOf(options.kind, KINDS, "--kind");
      oneOf(options.severity, SEVERITIES, "--severity");
      const detectedAt = readMoment(options.detectedAt, "--detected-at");
      const awareAt = readMoment(options.awareAt, "--aware-at");
      done(
        await runStep(io, {
          options,
          ask: async (sql, { name, reason }) =>
            (await sql`
            select payments_private.open_incident(${name}, ${options.kind}, ${options.severity},
              ${options.title}, ${reason}, ${detectedAt}, ${awareAt}) as answer`)[0]?.["answer"],
          done: (answer) =>
            `Incident ${answer["incident"]} is open. The authority's 72 hours end ${
              new Date(String(answer["notify_due_at"])).toISOString()
            }.`,
        }),
      );
    });
}

interface AssessOptions extends OperateOptions {
  readonly kind?: string;
  readonly severity?: string;
  readonly title?: string;
  readonly awareAt?: string;
  readonly personalData?: string;
  readonly nature?: string;
  readonly peopleCategories?: string;
  readonly peopleCount?: string;
  readonly recordCategories?: string;
  readonly recordCount?: string;
  readonly consequences?: string;
  readonly measures?: string;
  readonly contact?: string;
  readonly whyNoNotice?: string;
  readonly reasonIfLate?: string;
}

/** The command `payments incident assess`. */
export function assessCommand(io: CommandIo, done: Done): Command {
  return stepCommand("assess")
    .description("Set what is known: how bad it is, and what the authority must hear (Art. 33 (3))")
    .option("--kind <kind>", KINDS.join(", "))
    .option("--severity <severity>", SEVERITIES.join(", "))
    .option("--title <text>", "what it is, in a line")
    .option("--aware-at <when>", "when we became aware, if that was earlier")
    .option("--personal-data <yes|no>", "whether personal data is concerned")
    .option("--nature <text>", "the nature of the breach")
    .option("--people-categories <text>", "categories of people")
    .option("--people-count <number>", "about how many people")
    .option("--record-categories <text>", "categories of records")
    .option("--record-count <number>", "about how many records")
    .option("--consequences <text>", "the likely consequences")
    .option("--measures <text>", "measures taken and proposed")
    .option("--contact <text>", "whom people and the authority can ask")
    .option("--why-no-notice <text>", "why the authority need not hear of it")
    .option("--reason-if-late <text>", "why the notice came late, where --aware-at makes it late")
    .action(async (incident: string, options: AssessOptions) => {
      const id = readIncidentId(incident);
      const changes = readChanges(options);
      done(
        await runStep(io, {
          options,
          ask: async (sql, { name, reason }) =>
            (await sql`
            select payments_private.assess_incident(${name}, ${id}, ${sql.json(changes)}, ${reason})
              as answer`)[0]?.["answer"],
          done: () => `Set: ${Object.keys(changes).join(", ")}.`,
        }),
      );
    });
}

type Changes = Record<string, string | number | boolean>;

/** @throws UsageError where nothing is set, or a value cannot be read */
function readChanges(options: AssessOptions): Changes {
  if (options.kind !== undefined) oneOf(options.kind, KINDS, "--kind");
  if (options.severity !== undefined) oneOf(options.severity, SEVERITIES, "--severity");
  const given: Record<string, string | number | boolean | null | undefined> = {
    kind: options.kind,
    severity: options.severity,
    title: options.title,
    aware_at: readMoment(options.awareAt, "--aware-at"),
    personal_data: readYesOrNo(options.personalData),
    nature: options.nature,
    people_categories: options.peopleCategories,
    people_count: readCount(options.peopleCount, "--people-count"),
    record_categories: options.recordCategories,
    record_count: readCount(options.recordCount, "--record-count"),
    likely_consequences: options.consequences,
    measures: options.measures,
    contact: options.contact,
    no_notice_reason: options.whyNoNotice,
    reason_if_late: options.reasonIfLate,
  };
  const changes: Changes = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && value !== null) changes[name] = value;
  }
  if (Object.keys(changes).length === 0) throw new UsageError("Say what is known; see --help");
  return changes;
}

function oneOf(value: string, known: readonly string[], option: string): void {
  if (!known.includes(value)) throw new UsageError(`${option} is one of ${known.join(", ")}`);
}

function readYesOrNo(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (text !== "yes" && text !== "no") throw new UsageError("--personal-data is yes or no");
  return text === "yes";
}

function readCount(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${option} is a number`);
  return Number(text);
}
