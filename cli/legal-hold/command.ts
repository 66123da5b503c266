import { Command } from "commander";
import type { TransactionSql } from "postgres";
import { z } from "zod";
import { type CommandIo, type Done, type ExitCode, UsageError } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { readMoment } from "../read-moment.ts";
import { type LegalHold, legalHoldSchema, renderHolds } from "./legal-hold.ts";

interface ActOptions extends DatabaseOptions {
  readonly json?: boolean;
  readonly reason: string;
  readonly as?: string;
}

interface PlaceOptions extends ActOptions {
  readonly user?: string;
  readonly resource?: string;
  readonly from?: string;
  readonly until?: string;
  readonly all?: boolean;
}

interface ListOptions extends DatabaseOptions {
  readonly json?: boolean;
  readonly released?: boolean;
}

const answerSchema = z.object({
  ok: z.boolean(),
  code: z.string().optional(),
  hold: z.string().optional(),
});
type Answer = z.infer<typeof answerSchema>;

const TWO_PERSONS = `
A hold is placed by one person; its release is requested, and then given by somebody who
neither placed it nor asked. On this command line a person is a name (--as): whoever has the
database could use two. Where that matters, use the staff procedures, which know who signed in.`;

/** The command `payments legal-hold`. */
export function legalHoldCommand(io: CommandIo, done: Done): Command {
  const place = acting("place")
    .description("Stop every purge of what may be covered")
    .option("--all", "everything")
    .option("--user <uuid>", "what belongs to this user")
    .option("--resource <id>", "what is about this object, for instance a payment")
    .option("--from <when>", "what happened from then on (a date or time)")
    .option("--until <when>", "what happened until then")
    .action(async (options: PlaceOptions) => done(await runPlace(options, io)));
  const list = databaseOptions(new Command("list"))
    .description("List the holds in force")
    .option("--released", "those that were released, too")
    .addHelpText("after", `${DATABASE_HELP}\n\nExit codes: 0 listed, 2 wrong usage.`)
    .action(async (options: ListOptions) => done(await runList(options, io)));
  const request = acting("request-release").argument("<hold>", "the hold's id")
    .description("Ask for a hold to be released; it stays in force")
    .action(async (hold: string, options: ActOptions) =>
      done(
        await runOn(
          hold,
          options,
          io,
          "Requested; somebody else has to release it.",
          requestRelease,
        ),
      )
    );
  const release = acting("release").argument("<hold>", "the hold's id")
    .description("Release a hold, as the second person")
    .action(async (hold: string, options: ActOptions) =>
      done(
        await runOn(
          hold,
          options,
          io,
          "Released; the next purge deletes what is due.",
          giveRelease,
        ),
      )
    );
  return new Command("legal-hold").description("What must not be purged")
    .addCommand(place).addCommand(list).addCommand(request).addCommand(release);
}

function acting(name: string): Command {
  return databaseOptions(new Command(name))
    .requiredOption("--reason <text>", "why, for the audit trail")
    .option("--as <name>", "who, for the audit trail (default: the operating system's user)")
    .addHelpText(
      "after",
      `${DATABASE_HELP}\n${TWO_PERSONS}\n\nExit codes: 0 done, 1 refused, 2 wrong usage.`,
    );
}

async function runPlace(options: PlaceOptions, io: CommandIo): Promise<ExitCode> {
  const { user = null, resource = null } = options;
  const from = readMoment(options.from, "--from");
  const until = readMoment(options.until, "--until");
  const scope = scopeOf(options);
  if (user !== null && !z.uuid().safeParse(user).success) throw new UsageError("--user is a uuid");
  const { by, reason } = readActor(options, io);
  const answer = await act(options, io, (sql) =>
    sql`
    select payments_private.place_legal_hold(${by}, ${scope}, ${reason}, ${user}, ${resource}, ${from}, ${until})
      as answer`);
  return tell(answer, options, io, `Hold ${answer.hold ?? ""} is in force.`);
}

function scopeOf({ all, user, resource, from, until }: PlaceOptions): string {
  const named = [all === true, user !== undefined, resource !== undefined];
  if (named.filter((is) => is).length > 1) {
    throw new UsageError(
      "Say one of --all, --user and --resource; --from and --until may be added",
    );
  }
  if (user !== undefined) return "user";
  if (resource !== undefined) return "resource";
  if (from !== undefined || until !== undefined) return "time";
  if (all !== true) {
    throw new UsageError("Say what to hold: --all, --user, --resource, --from, --until");
  }
  return "all";
}

const requestRelease = (sql: TransactionSql, hold: string, by: string, reason: string) =>
  sql`select payments_private.request_hold_release(${by}, ${hold}, ${reason}) as answer`;
const giveRelease = (sql: TransactionSql, hold: string, by: string, reason: string) =>
  sql`select payments_private.release_legal_hold(${by}, ${hold}, ${reason}) as answer`;

async function runOn(
  hold: string,
  options: ActOptions,
  io: CommandIo,
  done: string,
  ask: typeof requestRelease,
): Promise<ExitCode> {
  if (!z.uuid().safeParse(hold).success) throw new UsageError("A hold's id is a uuid");
  const { by, reason } = readActor(options, io);
  return tell(await act(options, io, (sql) => ask(sql, hold, by, reason)), options, io, done);
}

function readActor({ as, reason }: ActOptions, io: CommandIo): { by: string; reason: string } {
  const trimmed = reason.trim();
  if (trimmed.length < 3 || trimmed.length > 500) {
    throw new UsageError("--reason has between 3 and 500 characters");
  }
  return { by: as ?? io.operator, reason: trimmed };
}

async function act(
  options: DatabaseOptions,
  io: CommandIo,
  ask: (sql: TransactionSql) => Promise<readonly Record<string, unknown>[]>,
): Promise<Answer> {
  return await withDatabase(io, options, (database) =>
    database.change(async (sql) => {
      const [row] = await ask(sql);
      return answerSchema.parse(row?.["answer"]);
    }));
}

const REFUSALS: Readonly<Record<string, string>> = {
  invalid_hold: "That hold says nothing that can be held: the times are in the wrong order.",
  not_found: "There is no such hold in force.",
  release_not_requested:
    "Nobody has asked for its release yet: payments legal-hold request-release",
  second_person_required:
    "Somebody else has to release it: you placed it or asked for the release.",
};

function tell(answer: Answer, { json }: ActOptions, io: CommandIo, done: string): ExitCode {
  if (json === true) io.out(`${JSON.stringify(answer, null, 2)}\n`);
  else if (answer.ok) io.out(`${done}\n`);
  else io.error(`${REFUSALS[answer.code ?? ""] ?? answer.code}\n`);
  return answer.ok ? 0 : 1;
}

async function runList(options: ListOptions, io: CommandIo): Promise<ExitCode> {
  const holds = await withDatabase(
    io,
    options,
    (database) =>
      database.read(async (sql): Promise<LegalHold[]> => {
        const [row] = await sql`
        select payments_private.list_legal_holds(${options.released === true}) as holds`;
        return z.array(legalHoldSchema).parse(row?.["holds"]);
      }),
  );
  io.out(options.json === true ? `${JSON.stringify({ holds }, null, 2)}\n` : renderHolds(holds));
  return 0;
}
