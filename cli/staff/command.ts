import { Command } from "commander";
import { z } from "zod";
import type { CommandIo, Done, ExitCode } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { operate, type OperateOptions, operateOptions, readUserId } from "../operate/operate.ts";
import { renderColumns } from "../render-columns.ts";

interface ListOptions extends DatabaseOptions {
  readonly json?: boolean;
}

const staffSchema = z.array(z.object({
  user_id: z.string(),
  role: z.string(),
  granted_by: z.string(),
  granted_at: z.string(),
}));

/** The command `payments staff`. */
export function staffCommand(io: CommandIo, done: Done): Command {
  const list = databaseOptions(new Command("list"))
    .description("List who has which role")
    .addHelpText("after", `${DATABASE_HELP}\n\nExit codes: 0 listed, 1 there is no admin, 2 usage.`)
    .action(async (options: ListOptions) => done(await runList(options, io)));
  const grant = operateOptions(new Command("grant"))
    .description("Give a user a role")
    .argument("<user>", "the user's id").argument("<role>", "admin, finance, support or auditor")
    .action(async (user: string, role: string, options: OperateOptions) => {
      const id = readUserId(user);
      done(
        await operate(
          io,
          options,
          `${id} is ${role} from now on.`,
          async (sql, { name, reason }) =>
            (await sql`
            select payments_private.grant_role(${name}, ${id}, ${role}, ${reason}) as answer`)[0]
              ?.["answer"],
        ),
      );
    });
  const revoke = operateOptions(new Command("revoke"))
    .description("Take a role from a user; it works on their next call")
    .argument("<user>", "the user's id").argument("<role>", "admin, finance, support or auditor")
    .action(async (user: string, role: string, options: OperateOptions) => {
      const id = readUserId(user);
      done(
        await operate(
          io,
          options,
          `${id} is ${role} no more.`,
          async (sql, { name, reason }) =>
            (await sql`
            select payments_private.revoke_role(${name}, ${id}, ${role}, ${reason}) as answer`)[0]
              ?.["answer"],
        ),
      );
    });
  return new Command("staff").description("Who may work with other people's billing")
    .addCommand(list).addCommand(grant).addCommand(revoke).addCommand(bootstrapCommand(io, done));
}

function bootstrapCommand(io: CommandIo, done: Done): Command {
  return operateOptions(new Command("bootstrap"))
    .description("Make the first admin, while there is none")
    .argument("<user>", "the user's id")
    .action(async (user: string, options: OperateOptions) => {
      const id = readUserId(user);
      done(
        await operate(
          io,
          options,
          `${id} is the first admin.`,
          async (sql, { name, reason }) =>
            (await sql`
            select payments_private.bootstrap_admin(${id}, ${name}, ${reason}) as answer`)[0]
              ?.["answer"],
        ),
      );
    });
}

async function runList(options: ListOptions, io: CommandIo): Promise<ExitCode> {
  const rows = await withDatabase(
    io,
    options,
    (database) =>
      database.read(async (sql) => (await sql`select payments_private.list_staff() as staff`)[0]),
  );
  const staff = staffSchema.parse(rows?.["staff"]);
  if (options.json === true) io.out(`${JSON.stringify({ staff }, null, 2)}\n`);
  else if (staff.length === 0) io.out("Nobody has a role: payments staff bootstrap <user>\n");
  else {
    io.out(renderColumns(
      ["user", "role", "granted by", "at"],
      staff.map((one) => [one.user_id, one.role, one.granted_by, one.granted_at]),
    ));
  }
  return staff.some(({ role }) => role === "admin") ? 0 : 1;
}
