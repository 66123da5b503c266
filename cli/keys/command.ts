import { Argument, Command } from "commander";
import type { CommandIo, Done, ExitCode } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { renderAge, renderColumns } from "../render-columns.ts";
import { configuredSecrets } from "./configured-secrets.ts";
import { judgeKeyUses, type KeyLine, OLD_DAYS, readKeyUses } from "./key-uses.ts";
import { type Rotation, ROTATIONS, rotationSteps, type Step } from "./rotation-steps.ts";

interface KeysOptions extends DatabaseOptions {
  readonly json?: boolean;
}

const ENVIRONMENT_HELP = `
With STRIPE_WEBHOOK_SECRETS and SUPABASE_SECRET_KEYS in the environment, as the functions have
them, it also says which of them are configured. Only fingerprints are printed: the first 16 hex
digits of the SHA-256.`;

/** The command `payments keys`. */
export function keysCommand(io: CommandIo, done: Done): Command {
  const list = databaseOptions(new Command("list"))
    .description("Every secret that was used: since when, until when, by whom, and what is due")
    .addHelpText(
      "after",
      `${DATABASE_HELP}
${ENVIRONMENT_HELP}

Exit codes: 0 fine, 1 one has been in use for ${OLD_DAYS} days or is used though it is not
configured, 2 wrong usage.`,
    )
    .action(async (options: KeysOptions) => done(await runList(options, io)));
  const rotate = databaseOptions(new Command("rotate"))
    .description("The steps of a rotation, and how far it is")
    .addArgument(new Argument("<what>", "which secret").choices(ROTATIONS))
    .addHelpText(
      "after",
      `${DATABASE_HELP}
${ENVIRONMENT_HELP}

Exit codes: 0 no step is open that this command can judge, 1 one is, 2 wrong usage.`,
    )
    .action(async (what: Rotation, options: KeysOptions) =>
      done(await runRotate(what, options, io))
    );
  return new Command("keys").description("Secrets: their age, their last use, their rotation")
    .addCommand(list, { isDefault: true }).addCommand(rotate);
}

async function readLines(options: KeysOptions, io: CommandIo): Promise<KeyLine[]> {
  const configured = await configuredSecrets(io.env);
  const uses = await withDatabase(io, options, (database) => database.change(readKeyUses));
  return judgeKeyUses(uses, configured);
}

async function runList(options: KeysOptions, io: CommandIo): Promise<ExitCode> {
  const keys = await readLines(options, io);
  const ok = !keys.some(({ state }) => state === "old" || state === "still used, not configured");
  io.out(options.json === true ? `${JSON.stringify({ ok, keys }, null, 2)}\n` : render(keys));
  return ok ? 0 : 1;
}

function render(keys: readonly KeyLine[]): string {
  if (keys.length === 0) return "No secret was used yet.\n";
  return renderColumns(
    ["FINGERPRINT", "KIND", "CONFIGURED", "USED BY", "FIRST USE", "LAST USE", "STATE"],
    keys.map((key) => [
      key.fingerprint,
      key.kind.replace("_", " "),
      key.configured ?? "",
      key.used_by ?? "",
      key.first === null ? "" : `${renderAge(key.first)} ago`,
      key.last === null ? "" : `${renderAge(key.last)} ago`,
      key.state === "old" ? `old: payments keys rotate ${rotationOf(key)}` : key.state,
    ]),
  );
}

function rotationOf({ kind }: KeyLine): Rotation {
  return kind === "webhook_secret" ? "webhook" : "functions";
}

async function runRotate(what: Rotation, options: KeysOptions, io: CommandIo): Promise<ExitCode> {
  const steps = rotationSteps(what, what === "webhook" ? await readLines(options, io) : []);
  const ok = !steps.some(({ done }) => done === false);
  io.out(
    options.json === true
      ? `${JSON.stringify({ ok, steps }, null, 2)}\n`
      : steps.map((step, index) => `${markOf(step)} ${index + 1}. ${step.what}\n`).join(""),
  );
  return ok ? 0 : 1;
}

function markOf({ done }: Step): string {
  return done === null ? "-" : done ? "✓" : "→";
}
