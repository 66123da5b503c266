import { Command } from "commander";
import { z } from "zod";
import type { CommandIo, Done, ExitCode } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { renderAge, renderColumns } from "../render-columns.ts";

interface RetentionOptions extends DatabaseOptions {
  readonly json?: boolean;
}

const retentionSchema = z.object({
  classes: z.array(z.object({
    class: z.string(),
    keep_days: z.number(),
    least_days: z.number(),
    most_days: z.number(),
  })),
  /** Seconds since the purge last ran. */
  purged: z.number().nullable(),
  holds: z.number(),
  held_rows: z.number(),
});

/** The command `payments retention`. */
export function retentionCommand(io: CommandIo, done: Done): Command {
  return databaseOptions(new Command("retention"))
    .description("How long each class of data is kept, and what stops its deletion")
    .addHelpText(
      "after",
      `${DATABASE_HELP}

A class is changed by staff with staff_set_retention (docs/retention.md).

Exit codes: 0 shown, 2 wrong usage.`,
    )
    .action(async (options: RetentionOptions) => done(await runRetention(options, io)));
}

async function runRetention(options: RetentionOptions, io: CommandIo): Promise<ExitCode> {
  const retention = await withDatabase(io, options, (database) =>
    database.read(async (sql) => {
      const [row] = await sql`
        select jsonb_build_object(
          'classes', (select jsonb_agg(to_jsonb(c) order by c.class) from payments_private.retention_classes as c),
          'purged', (select extract(epoch from now() - r.finished_at) from payments_private.purge_runs as r),
          'holds', (select count(*) from payments_private.legal_holds as h where h.released_at is null),
          'held_rows', (select count(*) from payments_private.held_rows)) as retention`;
      return retentionSchema.parse(row?.["retention"]);
    }));
  const { classes, purged, holds, held_rows: heldRows } = retention;
  io.out(
    options.json === true ? `${JSON.stringify(retention, null, 2)}\n` : `${
      renderColumns(
        ["CLASS", "KEPT", "MAY BE"],
        classes.map((row) => [
          row.class,
          `${row.keep_days} d`,
          `${row.least_days} to ${row.most_days} d`,
        ]),
      )
    }\nThe purge last ran ${purged === null ? "never" : `${renderAge(purged)} ago`}. ${
      holds === 0
        ? "No legal hold is in force.\n"
        : `${holds} legal ${
          holds === 1 ? "hold" : "holds"
        } in force, ${heldRows} rows of deleted users kept for them: payments legal-hold list\n`
    }`,
  );
  return 0;
}
