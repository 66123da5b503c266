import { Command } from "commander";
import { z } from "zod";
import type { CommandIo, Done, ExitCode } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type Database, type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { createProgressBar } from "../progress-bar.ts";

interface ScanOptions extends DatabaseOptions {
  readonly json?: boolean;
}

const scanSchema = z.object({
  finished: z.boolean(),
  scanned: z.number(),
  blocks: z.number(),
  found: z.number(),
});

const findingSchema = z.object({ subject: z.string(), first_seen_at: z.date() });
type Finding = z.infer<typeof findingSchema>;

/** The command `payments card-scan`. */
export function cardScanCommand(io: CommandIo, done: Done): Command {
  return databaseOptions(new Command("card-scan"))
    .description("Look for card numbers in every text of the database")
    .addHelpText(
      "after",
      `${DATABASE_HELP}

The worker does the same once a day. A finding is named by table, column and row, never
repeated; an alert card_data_found stays open for it until somebody has removed the number.
Stopped in the middle, the next scan goes on from there.

Exit codes: 0 none was found, 1 one was, 2 wrong usage.`,
    )
    .action(async (options: ScanOptions) => done(await runScan(options, io)));
}

async function runScan(options: ScanOptions, io: CommandIo): Promise<ExitCode> {
  const { scan, findings } = await withDatabase(io, options, async (database) => ({
    scan: await scanAll(database, io),
    findings: await database.read(async (sql) =>
      z.array(findingSchema).parse(
        await sql`
        select a.subject, a.first_seen_at from payments_private.alerts as a
        where a.rule = 'card_data_found' and a.resolved_at is null order by a.subject`,
      )
    ),
  }));
  const { blocks, found } = scan;
  if (options.json === true) {
    const subjects = findings.map(({ subject }) => subject);
    io.out(
      `${JSON.stringify({ ok: found === 0, blocks, found, open_findings: subjects }, null, 2)}\n`,
    );
  } else {
    io.out(render(found, blocks, findings));
  }
  return found === 0 ? 0 : 1;
}

async function scanAll(database: Database, io: CommandIo) {
  const bar = createProgressBar(io);
  try {
    for (let forced = true;; forced = false) {
      const scan = await database.change(async (sql) => {
        const [row] = await sql`select payments.scan_for_cards(${forced}) as scan`;
        return scanSchema.parse(row?.["scan"]);
      });
      if (scan.finished) return scan;
      bar.update(scan.scanned, scan.blocks, `${scan.scanned} of ${scan.blocks} blocks`);
    }
  } finally {
    bar.clear();
  }
}

function render(found: number, blocks: number, findings: readonly Finding[]): string {
  const size = `${((blocks * 8192) / 2 ** 20).toFixed(1)} MiB`;
  if (found === 0) return `No card number in ${size} of tables.\n`;
  const places = findings.map(({ subject }) => `  ${subject}\n`).join("");
  return `${found} found in ${size} of tables:\n${places}Remove them, find out how they came in (docs/data-protection.md), and resolve the alerts.\n`;
}
