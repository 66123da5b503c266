import { Command, InvalidArgumentError } from "commander";
import type { CommandIo, Done, ExitCode } from "../command-io.ts";
import type { Evaluation } from "./evaluate.ts";
import { expandIds } from "./expand-ids.ts";
import { measure, REPORT_FILE } from "./measure.ts";
import { renderJson } from "./render-json.ts";
import { renderTable } from "./render-table.ts";
import { REQUIREMENTS } from "./requirements.ts";
import { renderSaqA } from "./saq-a.ts";

interface Options {
  readonly json?: boolean;
  readonly scope?: readonly string[];
  readonly tests?: boolean;
  readonly saqA?: boolean;
}

function parseScope(text: string): string[] {
  const known = new Set(REQUIREMENTS.map(({ id }) => id));
  return text.split(/[\s,]+/).filter((word) => word !== "").flatMap((word) => {
    const ids = expandIds(word);
    const unknown = ids.find((id) => !known.has(id));
    if (ids.length === 0 || unknown !== undefined) {
      throw new InvalidArgumentError(`${unknown ?? word} is no requirement.`);
    }
    return ids;
  });
}

/** The command `payments compliance`; `done` takes its exit code. */
export function complianceCommand(io: CommandIo, done: Done): Command {
  return new Command("compliance")
    .description("Print every security requirement with what proves it and the last result")
    .option("--json", "print JSON")
    .option("--saq-a", "print what the checks say for an SAQ A, as Markdown to keep on file")
    .option("--tests", "list every test of a row, not only the first few")
    .option(
      "--scope <ids>",
      'let only these rows decide the exit code, for instance "3.1a-c,3.2a"',
      parseScope,
    )
    .addHelpText(
      "after",
      `
Reads ${REPORT_FILE}, which npm test writes, and docs/compliance/records.
A row is proven when all its tests passed, a checked-in mutation exists, its page
exists and its dated records are done and have not expired.

--saq-a: exit code 0 when everything that code can show is proven; what people
have to do may be open, and is named.

Exit codes: 0 every row (in scope) is proven, 1 one is not or the report cannot
be trusted, 2 wrong usage.`,
    )
    .action(async (options: Options) => done(await runCompliance(options, io)));
}

async function runCompliance(options: Options, io: CommandIo): Promise<ExitCode> {
  const today = io.now().toISOString().slice(0, 10);
  const { evaluation, report } = await measure(io.root, today);
  if (options.saqA === true) {
    const { text, ok } = renderSaqA({ evaluation, report, today });
    io.out(text);
    return ok ? 0 : 1;
  }
  const scope = options.scope ?? null;
  const ok = isProven(evaluation, scope);
  const view = { evaluation, report, scope, ok };
  io.out(
    options.json === true
      ? renderJson(view)
      : renderTable(view, { colour: io.colour, allTests: options.tests === true }),
  );
  return ok ? 0 : 1;
}

function isProven({ rows, findings }: Evaluation, scope: readonly string[] | null): boolean {
  const decisive = rows.filter((row) => scope === null || scope.includes(row.requirement.id));
  return findings.length === 0 && decisive.every((row) => row.problems.length === 0);
}
