import { Command } from "commander";
import type { Environment } from "../../supabase/functions/_shared/config.ts";
import { type CommandIo, type Done, type ExitCode, UsageError } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { findStripe } from "../connect/stripe-target.ts";
import { type DatabaseOptions, findTarget, withDatabase } from "../connect/with-database.ts";
import { readKeys } from "../encryption/read-keys.ts";
import { renderColumns } from "../render-columns.ts";
import { type Check, examine, type Examined, type Verdict } from "./judge.ts";
import { probePlaintext } from "./probe-plaintext.ts";
import {
  readCatalogueFacts,
  readOwnFacts,
  readSchedulerFacts,
  type SecretFacts,
} from "./read-facts.ts";

interface DoctorOptions extends DatabaseOptions {
  readonly json?: boolean;
  readonly env?: string;
}

/** The command `payments doctor`. */
export function doctorCommand(io: CommandIo, done: Done): Command {
  return databaseOptions(new Command("doctor"))
    .description(
      "Whether a project is set up as the documents say: TLS, grants, logging, keys, upkeep",
    )
    .option(
      "--env <environment>",
      "judge as development, staging or production (default: PAYMENTS_ENV)",
    )
    .addHelpText(
      "after",
      `${DATABASE_HELP}

STRIPE_SECRET_KEY lets it look at Stripe's endpoints, PAYMENTS_COMPARE_DB_URL at the webhook
secrets of another environment: no secret may verify events in both. It changes nothing.

Exit codes: 0 nothing was found, 1 something was, 2 wrong usage.`,
    )
    .action(async (options: DoctorOptions) => done(await runDoctor(options, io)));
}

async function runDoctor(options: DoctorOptions, io: CommandIo): Promise<ExitCode> {
  const environment = readEnvironment(options.env ?? io.env["PAYMENTS_ENV"]);
  const checks = examine(await gather(options, io, environment));
  const findings = checks.filter(({ verdict }) => verdict === "finding");
  io.out(
    options.json === true
      ? `${JSON.stringify({ ok: findings.length === 0, environment, checks }, null, 2)}\n`
      : render(checks, findings.length, environment),
  );
  return findings.length === 0 ? 0 : 1;
}

function readEnvironment(text = "development"): Environment {
  if (text === "development" || text === "staging" || text === "production") return text;
  throw new UsageError("--env is development, staging or production");
}

async function gather(
  options: DoctorOptions,
  io: CommandIo,
  environment: Environment,
): Promise<Examined> {
  const target = await findTarget(io, options);
  const database = await withDatabase(io, options, async (database) => ({
    keys: await database.read(readKeys),
    own: await database.read(readOwnFacts),
    catalogue: await database.readAsSelf(readCatalogueFacts),
    scheduler: await database.readAsSelf(readSchedulerFacts),
  }));
  return {
    environment,
    facts: { ...database.own, ...database.catalogue, scheduler: database.scheduler },
    keys: database.keys,
    plaintext: await probePlaintext(target),
    connectionIsVerified: target.tls === "verified",
    endpoints: await listEndpoints(io),
    otherSecrets: await readOtherSecrets(io),
  };
}

async function listEndpoints(io: CommandIo): Promise<{ what: string; url: string }[] | null> {
  if ((io.env["STRIPE_SECRET_KEY"] ?? "") === "") return null;
  const { stripe } = await findStripe(io);
  const endpoints: { what: string; url: string }[] = [];
  for await (const { id, url, status } of stripe.webhookEndpoints.list({ limit: 100 })) {
    if (status === "enabled") endpoints.push({ what: id, url });
  }
  const supabaseUrl = io.env["SUPABASE_URL"] ?? "";
  return supabaseUrl === ""
    ? endpoints
    : [...endpoints, { what: "SUPABASE_URL", url: supabaseUrl }];
}

async function readOtherSecrets(io: CommandIo): Promise<SecretFacts[] | null> {
  const dbUrl = io.env["PAYMENTS_COMPARE_DB_URL"] ?? "";
  if (dbUrl === "") return null;
  const { secrets } = await withDatabase(io, { dbUrl }, (database) => database.read(readOwnFacts));
  return secrets;
}

const SIGNS: Readonly<Record<Verdict, string>> = { ok: "✓", finding: "✗", note: "–", unknown: "?" };

function render(checks: readonly Check[], findings: number, environment: Environment): string {
  const table = renderColumns(
    ["", "ROW", "WHAT", "SEEN"],
    checks.map((
      { verdict, requirement, what, detail },
    ) => [SIGNS[verdict], requirement, what, detail]),
  );
  const verdict = findings === 0
    ? `Nothing is wrong for ${environment}.`
    : `${findings} ${findings === 1 ? "finding" : "findings"} for ${environment}.`;
  return `${table}\n✓ right  ✗ wrong  – production would need it  ? could not be seen\n${verdict}\n`;
}
