import type { Command } from "commander";
import { type CommandIo, type Done, UsageError } from "../command-io.ts";
import type { OperateOptions } from "../operate/operate.ts";
import { readIncidentId, runStep, stepCommand } from "./step.ts";

interface CloseOptions extends OperateOptions {
  readonly rootCause?: string;
  readonly followUp: string[];
  readonly toldOtherwise?: string;
}

const FOLLOW_UP = /^(\d{4}-\d{2}-\d{2}) ([^:]{1,100}): (.{3,500})$/s;

/** The command `payments incident close`. */
export function closeCommand(io: CommandIo, done: Done): Command {
  return stepCommand("close")
    .description("Close an incident with its root cause and what follows from it; it is final then")
    .option("--root-cause <text>", "why it happened")
    .option(
      "--follow-up <text>",
      'what follows, as "2026-12-31 owner: what"; may be repeated',
      (text: string, before: string[]) => [...before, text],
      [],
    )
    .option("--told-otherwise <how>", "how those were told whom no notice reached")
    .action(async (incident: string, options: CloseOptions) => {
      const id = readIncidentId(incident);
      const followUps = options.followUp.map(readFollowUp);
      const cause = options.rootCause ?? null;
      const toldOtherwise = options.toldOtherwise ?? null;
      done(
        await runStep(io, {
          options,
          ask: async (sql, { name, reason }) =>
            (await sql`
            select payments_private.close_incident(${name}, ${id}, ${cause}, ${
              sql.json(followUps)
            }, ${reason}, ${toldOtherwise}) as answer`)[0]?.["answer"],
          done: () => "Closed.",
        }),
      );
    });
}

/** @throws UsageError for what does not name a day, an owner and a task */
function readFollowUp(text: string): { due: string; owner: string; what: string } {
  const [, due = "", owner = "", what = ""] = FOLLOW_UP.exec(text) ?? [];
  if (due === "" || Number.isNaN(Date.parse(due))) {
    throw new UsageError('--follow-up reads like "2026-12-31 owner: what is to be done"');
  }
  return { due, owner, what };
}
