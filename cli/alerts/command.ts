import { Command } from "commander";
import { z } from "zod";
import { type CommandIo, type Done, type ExitCode, UsageError } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { operate, type OperateOptions, operateOptions } from "../operate/operate.ts";
import { renderColumns } from "../render-columns.ts";

interface ListOptions extends DatabaseOptions {
  readonly json?: boolean;
  readonly all?: boolean;
}

const alertsSchema = z.array(z.object({
  id: z.string(),
  rule: z.string(),
  subject: z.string(),
  severity: z.string(),
  title: z.string(),
  runbook: z.string(),
  first_seen_at: z.string(),
  last_seen_at: z.string(),
  occurrences: z.number(),
  acknowledged_by: z.string().nullable(),
  resolved_at: z.string().nullable(),
  resolved_by: z.string().nullable(),
  delivery: z.string().nullable(),
}));
type ListedAlert = z.infer<typeof alertsSchema>[number];

/** The command `payments alerts`. */
export function alertsCommand(io: CommandIo, done: Done): Command {
  const list = databaseOptions(new Command("list"))
    .description("List what is open, with the page that says what to do")
    .option("--all", "those that were resolved too")
    .addHelpText("after", `${DATABASE_HELP}\n\nExit codes: 0 none is open, 1 some are, 2 usage.`)
    .action(async (options: ListOptions) => done(await runList(options, io)));
  const acknowledge = operateOptions(new Command("ack"))
    .description("Say that you are on it")
    .argument("<alert>", "the alert's id")
    .action(async (alert: string, options: OperateOptions) => {
      const id = readAlertId(alert);
      done(
        await operate(
          io,
          options,
          `${id} is in your hands.`,
          async (sql, { name, reason }) =>
            (await sql`
            select payments_private.acknowledge_alert(${name}, ${id}, ${reason}) as answer`)[0]
              ?.["answer"],
        ),
      );
    });
  const resolve = operateOptions(new Command("resolve"))
    .description("Close it; the next occurrence opens a new one")
    .argument("<alert>", "the alert's id")
    .action(async (alert: string, options: OperateOptions) => {
      const id = readAlertId(alert);
      done(
        await operate(
          io,
          options,
          `${id} is resolved.`,
          async (sql, { name, reason }) =>
            (await sql`
            select payments_private.close_alert(${name}, ${id}, ${reason}) as answer`)[0]
              ?.["answer"],
        ),
      );
    });
  return new Command("alerts").description("What people must hear of")
    .addCommand(list).addCommand(acknowledge).addCommand(resolve);
}

async function runList(options: ListOptions, io: CommandIo): Promise<ExitCode> {
  const onlyOpen = options.all !== true;
  const row = await withDatabase(
    io,
    options,
    (database) =>
      database.read(async (sql) =>
        (await sql`select payments_private.list_alerts(${onlyOpen}) as alerts`)[0]
      ),
  );
  const alerts = alertsSchema.parse(row?.["alerts"]);
  if (options.json === true) io.out(`${JSON.stringify({ alerts }, null, 2)}\n`);
  else if (alerts.length === 0) io.out("No alert is open.\n");
  else {
    io.out(renderColumns(
      ["ID", "SEVERITY", "RULE", "SUBJECT", "TIMES", "LAST", "STATE", "READ"],
      alerts.map((one) => [
        one.id,
        one.severity,
        one.rule,
        one.subject,
        String(one.occurrences),
        one.last_seen_at,
        stateOf(one),
        one.runbook,
      ]),
    ));
  }
  return alerts.some(({ resolved_at }) => resolved_at === null) ? 1 : 0;
}

function stateOf(alert: ListedAlert): string {
  if (alert.resolved_at !== null) return `resolved by ${alert.resolved_by ?? "itself"}`;
  if (alert.acknowledged_by !== null) return `in the hands of ${alert.acknowledged_by}`;
  return alert.delivery === "delivered" ? "open, told" : "open, not told";
}

/** @throws UsageError for what is no alert's id */
function readAlertId(text: string): string {
  if (z.uuid().safeParse(text).success) return text.toLowerCase();
  throw new UsageError("An alert is named by its id, a UUID: payments alerts list");
}
