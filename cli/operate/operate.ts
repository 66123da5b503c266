import type { Command } from "commander";
import type { TransactionSql } from "postgres";
import { z } from "zod";
import { type CommandIo, type ExitCode, UsageError } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";

/** The options of a command that changes who may do what, or how much. */
export interface OperateOptions extends DatabaseOptions {
  readonly json?: boolean;
  readonly reason: string;
  readonly as?: string;
}

/** Who acts and why, as the audit trail keeps it. */
export interface Operator {
  readonly name: string;
  readonly reason: string;
}

/** What a function of the database answers; the same that staff hear of their procedures. */
const answerSchema = z.object({ ok: z.boolean(), code: z.string().optional() });

const REFUSALS: Readonly<Record<string, string>> = {
  admin_exists: "There is an admin already, who grants the roles: payments staff list",
  invalid_setting: "A value makes no sense; nothing was changed. See docs/limits.md",
  last_admin: "The last admin stays: make another one first",
  not_found: "There is nothing like that",
  unknown_role: "The roles are admin, finance, support and auditor",
  unknown_rule: "There is no such rule; nothing was changed. See docs/alerts.md",
  unknown_setting: "There is no such setting; nothing was changed. See payments settings show",
  unknown_user: "No user has this id",
};

/** Adds --reason, --as and the database's options. */
export function operateOptions(command: Command): Command {
  return databaseOptions(command)
    .requiredOption("--reason <text>", "why, for the audit trail")
    .option("--as <name>", "who, for the audit trail (default: the operating system's user)")
    .addHelpText("after", `${DATABASE_HELP}\n\nExit codes: 0 done, 1 refused, 2 wrong usage.`);
}

/** Runs one function of the database as the operator and prints what it answered. */
export async function operate(
  io: CommandIo,
  options: OperateOptions,
  done: string,
  run: (sql: TransactionSql, operator: Operator) => Promise<unknown>,
): Promise<ExitCode> {
  const answer = answerSchema.parse(await askAsOperator(io, options, run));
  if (options.json === true) io.out(`${JSON.stringify(answer, null, 2)}\n`);
  else if (answer.ok) io.out(`${done}\n`);
  else io.error(`${REFUSALS[answer.code ?? ""] ?? `Refused: ${answer.code}`}\n`);
  return answer.ok ? 0 : 1;
}

/** Runs one function of the database as the operator, in a transaction of its own. */
export async function askAsOperator(
  io: CommandIo,
  options: OperateOptions,
  run: (sql: TransactionSql, operator: Operator) => Promise<unknown>,
): Promise<unknown> {
  const operator = readOperator(io, options);
  return await withDatabase(
    io,
    options,
    (database) => database.change((sql) => run(sql, operator)),
  );
}

/** @throws UsageError for a reason or a name that the audit trail would not take */
export function readOperator(
  io: CommandIo,
  options: Pick<OperateOptions, "reason" | "as">,
): Operator {
  const reason = options.reason.trim();
  if (reason.length < 3 || reason.length > 500) {
    throw new UsageError("--reason takes 3 to 500 characters: the audit trail keeps them");
  }
  const name = (options.as ?? io.operator).trim();
  if (name === "" || name.length > 255) throw new UsageError("--as takes a name");
  return { name, reason };
}

/** @throws UsageError for what is no user id */
export function readUserId(text: string): string {
  if (!z.uuid().safeParse(text).success) {
    throw new UsageError("A user is named by the id that Auth gave them, a UUID");
  }
  return text.toLowerCase();
}
