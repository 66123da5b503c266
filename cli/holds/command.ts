import { Command } from "commander";
import { type CommandIo, type Done, UsageError } from "../command-io.ts";
import { operate, type OperateOptions, operateOptions, readUserId } from "../operate/operate.ts";

const ADDRESS_HASH = /^[0-9a-f]{32}$/;

/** The command `payments hold`. */
export function holdCommand(io: CommandIo, done: Done): Command {
  return operateOptions(new Command("hold"))
    .description("Put a user on hold: they may not pay, and their open checkouts are expired")
    .argument("<user>", "the user's id")
    .action(async (user: string, options: OperateOptions) => {
      const id = readUserId(user);
      done(
        await operate(
          io,
          options,
          `${id} is on hold.`,
          async (sql, { name, reason }) =>
            (await sql`select payments_private.set_hold(${name}, ${id}, ${reason}) as answer`)[0]
              ?.["answer"],
        ),
      );
    });
}

/** The command `payments release`. */
export function releaseCommand(io: CommandIo, done: Done): Command {
  return operateOptions(new Command("release"))
    .description("Release a user, or an address that a rule put on hold")
    .argument("<subject>", "the user's id, or the address's hash: the alert's subject")
    .action(async (subject: string, options: OperateOptions) => {
      const isAddress = ADDRESS_HASH.test(subject);
      const id = isAddress ? subject : readSubject(subject);
      done(
        await operate(
          io,
          options,
          `${id} is released.`,
          async (sql, { name, reason }) =>
            (isAddress
              ? await sql`select payments_private.release_address(${name}, ${id}, ${reason}) as answer`
              : await sql`select payments_private.release_hold(${name}, ${id}, ${reason}) as answer`)[
                0
              ]?.["answer"],
        ),
      );
    });
}

function readSubject(text: string): string {
  try {
    return readUserId(text);
  } catch {
    throw new UsageError("Name a user by their id (a UUID), or an address by its 32 hex digits");
  }
}
