import { Command } from "commander";
import { type CommandIo, type Done, UsageError } from "../command-io.ts";
import { operate, type OperateOptions, operateOptions } from "../operate/operate.ts";

const SWITCHES = ["all", "checkout", "portal", "webhooks"];

/** The command `payments kill-switch`. */
export function killSwitchCommand(io: CommandIo, done: Done): Command {
  return operateOptions(new Command("kill-switch"))
    .description("Stop operations at once (on), or let them run again (off)")
    .argument("<name>", SWITCHES.join(", "))
    .argument("<on|off>", "on: stopped")
    .action(async (name: string, state: string, options: OperateOptions) => {
      if (!SWITCHES.includes(name)) {
        throw new UsageError(`The switches are ${SWITCHES.join(", ")}`);
      }
      if (state !== "on" && state !== "off") throw new UsageError("A kill switch is on or off");
      const stop = state === "on";
      const told = stop ? `Stopped: ${name}.` : `Running again: ${name}.`;
      done(
        await operate(io, options, told, async (sql, operator) =>
          (await sql`
            select payments_private.set_kill_switch(
              ${operator.name}, ${name}, ${stop}, ${operator.reason}) as answer`)[0]?.["answer"]),
      );
    });
}
