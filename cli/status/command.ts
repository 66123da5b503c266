import { Command } from "commander";
import type { CommandIo, Done, ExitCode } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { renderAge, renderColumns } from "../render-columns.ts";
import { judgeStatus } from "./judge-status.ts";
import { type PipelineStatus, readStatus } from "./read-status.ts";

interface StatusOptions extends DatabaseOptions {
  readonly json?: boolean;
}

/** The command `payments status`. */
export function statusCommand(io: CommandIo, done: Done): Command {
  return databaseOptions(new Command("status"))
    .description("How far behind the pipeline is, and what needs a person")
    .addHelpText(
      "after",
      `${DATABASE_HELP}\n\nExit codes: 0 nothing needs a person, 1 something does, 2 wrong usage.`,
    )
    .action(async (options: StatusOptions) => done(await runStatus(options, io)));
}

async function runStatus(options: StatusOptions, io: CommandIo): Promise<ExitCode> {
  const status = await withDatabase(io, options, (database) => database.read(readStatus));
  const findings = judgeStatus(status);
  io.out(
    options.json === true
      ? `${JSON.stringify({ ok: findings.length === 0, findings, ...status }, null, 2)}\n`
      : renderStatus(status, findings),
  );
  return findings.length === 0 ? 0 : 1;
}

function renderStatus(status: PipelineStatus, findings: readonly string[]): string {
  const { marks, events, outbox, deletions, purged } = status;
  const table = renderColumns(["WHAT", "NOW", "OLDEST"], [
    ["objects to fetch", `${marks.waiting}, ${marks.failing} failing`, age(marks.oldest)],
    ["events queued", String(events.queued), age(events.oldest_unfinished)],
    ["events in retry", String(events.retry), ""],
    ["events dead", String(events.dead), ""],
    ["quarantined, 7 days", `${events.quarantined}, ${events.conflicts} reused ids`, ""],
    ["domain events pending", pending(outbox), age(outbox.oldest_pending)],
    ["domain events dead", String(outbox.dead), ""],
    ["deleted users to end", `${deletions.open}, ${deletions.stuck} stuck`, age(deletions.oldest)],
    ...status.reconcile.map(({ mode, finished, state }) => [
      `reconcile ${mode}`,
      finished === null ? `never finished, ${state}` : `${renderAge(finished)} ago, ${state}`,
      "",
    ]),
    ["purge", purged === null ? "never" : `${renderAge(purged)} ago`, ""],
    ["open alerts", String(status.alerts.length), ""],
  ]);
  const verdict = findings.length === 0
    ? "Nothing needs a person.\n"
    : `Needs a person:\n${findings.map((finding) => `  ${finding}\n`).join("")}`;
  return `${table}\n${verdict}`;
}

function pending({ pending, never_tried: untried }: PipelineStatus["outbox"]): string {
  return untried === 0 ? String(pending) : `${pending}, ${untried} never tried`;
}

function age(seconds: number | null): string {
  return seconds === null ? "" : renderAge(seconds);
}
