import { join } from "node:path";
import { HANDLED_EVENTS } from "../../supabase/functions/_shared/handled-events.ts";
import type { Twin } from "../stripe-twin/start-twin.ts";
import { seedCatalogue } from "./catalogue.ts";
import { type Database, startDatabase } from "./database.ts";
import { buildFunctionEnv } from "./function-env.ts";
import { type FunctionHost, startFunctions } from "./function-host.ts";
import { type GatewayBackends, startGateway } from "./gateway.ts";
import type { Log } from "./log.ts";
import { type PortPlan, reservePort } from "./ports.ts";
import type { RestartMode } from "./postgres.ts";
import { afterMs } from "./process.ts";
import { startScheduler } from "./scheduler.ts";
import { prepareStack, type StackContext } from "./stack-context.ts";
import type { StackState } from "./state.ts";
import { claimStateFile, type StateFile } from "./state-file.ts";
import { startTwinSide, type StripeSide, useStripeItself } from "./stripe-side.ts";
import { createTeardown, nestTeardown } from "./teardown.ts";
import type { Timings } from "./timings.ts";

export type { StackState } from "./state.ts";
export { functionRoles } from "./stack-context.ts";

export interface StackOptions {
  /** First of consecutive ports; free ports without it. */
  portBase?: number | undefined;
  /** Path for the state; null for none; `.local/stack.json` by default. */
  stateFile?: string | null | undefined;
  /** On top of the development values; an empty string removes a variable. */
  functionsEnv?: Record<string, string>;
  withFunctions?: boolean;
  /** Webhook secrets that the functions accept besides the stack's own, as while one is rolled. */
  moreWebhookSecrets?: string[];
  /** How often payments-worker is called; null for never. 2,000 by default. */
  schedulerIntervalMs?: number | null;
  migrations?: "supabase-db-push";
  /** Flush to disk at commit; for durability tests and benchmarks. */
  durable?: boolean;
  /** Called with the superuser's URL between the migrations and the first request. */
  onMigrated?: (dbUrl: string) => Promise<void>;
  /** A test-mode key of Stripe: use Stripe itself in place of the twin. */
  stripeSecretKey?: string | undefined;
  /** Holds the folder `supabase/`; this project's by default. */
  root?: string;
  log?: Log;
}

export interface Stack {
  readonly state: StackState;
  /** @throws when the stack uses Stripe itself */
  readonly twin: Twin;
  readonly functions: Pick<FunctionHost, "restart" | "kill" | "logs">;
  readonly postgres: { restart(mode: RestartMode): Promise<void> };
  /** By name; the name is the database role, except "default". */
  readonly secretKeys: Record<string, string>;
  /** Where the state was written, if it was. */
  readonly stateFile: string | undefined;
  readonly timings: Timings;
  stop(): Promise<void>;
}

/** The addresses a stack is known by, decided before anything runs. */
interface Addresses {
  supabaseUrl: string;
  functionsUrl: string;
  webUrl: string;
}

const webhookFunction = "stripe-webhook";
const workerFunction = "payments-worker";
const catalogueTimeoutMs = 15_000;

/**
 * Starts the whole local stack and resolves when it is ready for its first request.
 * @throws PortTakenError, StateFileHeldError, or what a part said when it failed; nothing is left running then
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const log = options.log ?? (() => {});
  const teardown = createTeardown(log);
  try {
    return await assemble(await prepareStack(options, teardown, log), options);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function assemble(context: StackContext, options: StackOptions): Promise<Stack> {
  const { ports, secrets, teardown, timings, log } = context;
  const stateFile = await claimStateFile(options.stateFile, log);
  if (stateFile !== undefined) await context.folder.noteStateFile(stateFile.path);
  const backends: GatewayBackends = { lite: undefined, functions: undefined };
  const gateway = startGateway({ port: ports.next(), jwtSecret: secrets.jwtSecret, backends, log });
  teardown.add("gateway", () => gateway.close());
  const databasePorts = reservePort(ports);
  const stripe = await timings.measure("stripe", () => startStripe(context, options));
  teardown.add("stripe", () => stripe.close());
  const addresses = {
    supabaseUrl: gateway.url,
    functionsUrl: `${gateway.url}/functions/v1`,
    webUrl: `http://127.0.0.1:${ports.next()}`,
  };
  const parts = { context, options, addresses, stripe, databasePorts };
  const [database, functions] = await startDatabaseAndFunctions(parts);
  Object.assign(backends, { lite: database.lite, functions });
  await timings.measure("catalogue", () => fillCatalogue(context, addresses, functions, stripe));
  startWorkerSchedule(context, options, addresses, functions);
  const state = describe(context, addresses, database, stripe);
  if (stateFile !== undefined) await publish(context, stateFile, state);
  return {
    state,
    get twin() {
      if (stripe.twin === undefined) throw new Error("This stack uses Stripe itself, not the twin");
      return stripe.twin;
    },
    functions: functions ?? noFunctions,
    postgres: { restart: (mode) => database.server.restart(mode) },
    secretKeys: secrets.secretKeys,
    stateFile: stateFile?.path,
    timings,
    stop: () => teardown.run(),
  };
}

/** What the database and the functions are started with. */
interface Parts {
  context: StackContext;
  options: StackOptions;
  addresses: Addresses;
  stripe: StripeSide;
  databasePorts: PortPlan;
}

/** Starts the two side by side; whichever was first, the functions stop first. */
async function startDatabaseAndFunctions(
  { context, options, addresses, stripe, databasePorts }: Parts,
): Promise<[Database, FunctionHost | undefined]> {
  const databaseTeardown = nestTeardown(context.teardown, "database", context.log);
  const functionsTeardown = nestTeardown(context.teardown, "functions", context.log);
  const database = startDatabase({
    ...context,
    teardown: databaseTeardown,
    folder: context.folder.path,
    ports: databasePorts,
    durable: options.durable ?? false,
    onMigrated: options.onMigrated,
    roleOfSecretKey: roleOfSecretKey(context.secrets.secretKeys),
    siteUrl: addresses.webUrl,
  });
  const functions = options.withFunctions === false
    ? Promise.resolve(undefined)
    : startFunctionHost({ ...context, teardown: functionsTeardown }, options, addresses, stripe);
  // Also when one fails: what the other one started must be known before it can be stopped.
  await Promise.allSettled([database, functions]);
  return await Promise.all([database, functions]);
}

async function publish(
  { watchdog, teardown }: StackContext,
  stateFile: StateFile,
  state: StackState,
): Promise<void> {
  watchdog.addPath(stateFile.path);
  await stateFile.write(state);
  teardown.add("state file", () => stateFile.remove());
}

function startStripe(
  context: StackContext,
  options: StackOptions,
): Promise<StripeSide> {
  const { ports, secrets, guard, log } = context;
  const port = ports.next();
  if (options.stripeSecretKey !== undefined) {
    return useStripeItself(options.stripeSecretKey, guard, log);
  }
  return startTwinSide(port, secrets, (line) => log(`[stripe twin] ${line}`));
}

async function startFunctionHost(
  context: StackContext,
  options: StackOptions,
  addresses: Addresses,
  stripe: StripeSide,
): Promise<FunctionHost> {
  const { ports, secrets, teardown, timings } = context;
  const env = buildFunctionEnv({
    ...addresses,
    secrets,
    stripeSecretKey: stripe.secretKey,
    webhookSecret: [stripe.webhookSecret, ...options.moreWebhookSecrets ?? []].join(","),
    stripeApiBase: stripe.apiBase,
    overrides: options.functionsEnv ?? {},
  });
  const host = await timings.measure("functions", () =>
    startFunctions({
      ...context,
      supabaseFolder: join(context.root, "supabase"),
      ports: ports.isFixed ? ports : undefined,
      env,
      allowedHosts: hostsOf([
        addresses.supabaseUrl,
        env["SUPABASE_URL"] ?? addresses.supabaseUrl,
        stripe.url,
        ...sinksOf(env),
      ]),
    }));
  teardown.add("functions", () => host.stop());
  return host;
}

/** Makes the demo catalogue, which reaches the database as everything else does: by signed events. */
async function fillCatalogue(
  { log }: StackContext,
  { functionsUrl }: Addresses,
  functions: FunctionHost | undefined,
  stripe: StripeSide,
): Promise<void> {
  const delivers = functions?.has(webhookFunction) ?? false;
  if (delivers) {
    await stripe.deliverTo(`${functionsUrl}/${webhookFunction}`, Object.keys(HANDLED_EVENTS));
  }
  await seedCatalogue(stripe.client);
  if (!delivers) return;
  const inTime = await Promise.race([
    stripe.idle().then(() => true),
    afterMs(catalogueTimeoutMs).then(() => false),
  ]);
  if (!inTime) log("the catalogue's events have not all been delivered; the twin keeps trying");
}

function startWorkerSchedule(
  { secrets, teardown, log }: StackContext,
  { schedulerIntervalMs = 2_000 }: StackOptions,
  { functionsUrl }: Addresses,
  functions: FunctionHost | undefined,
): void {
  if (schedulerIntervalMs === null || functions?.has(workerFunction) !== true) return;
  const scheduler = startScheduler({
    functionsUrl,
    workerKey: secrets.secretKeys["payments_worker"] ?? "",
    intervalMs: schedulerIntervalMs,
    log,
  });
  teardown.add("scheduler", () => scheduler.stop());
}

function describe(
  { secrets }: StackContext,
  addresses: Addresses,
  database: Database,
  stripe: StripeSide,
): StackState {
  return {
    ...addresses,
    publishableKey: secrets.publishableKey,
    secretKey: secrets.secretKeys["default"] ?? "",
    workerKey: secrets.secretKeys["payments_worker"] ?? "",
    dbUrl: database.url,
    stripeUrl: stripe.url,
    stripeSecretKey: stripe.secretKey,
    webhookSecret: stripe.webhookSecret,
    auditSigningKey: secrets.auditKey.privateKey,
    auditPublicKeys: JSON.stringify(secrets.auditKey.publicKeys),
  };
}

/** A key's name is its database role; "default" is service_role. */
function roleOfSecretKey(secretKeys: Record<string, string>): Map<string, string> {
  return new Map(
    Object.entries(secretKeys).map((
      [name, key],
    ) => [key, name === "default" ? "service_role" : name]),
  );
}

function sinksOf(env: Record<string, string>): string[] {
  return Object.entries(env).filter(([name]) =>
    name.startsWith("PAYMENTS_") && name.endsWith("_URL")
  )
    .map(([, url]) => url.replace(/^s3\+/, ""));
}

/** `host:port` of each URL, as Deno's net permission wants it. */
function hostsOf(urls: readonly string[]): string[] {
  return urls.map((text) => {
    const url = new URL(text);
    return `${url.hostname}:${url.port || (url.protocol === "https:" ? "443" : "80")}`;
  });
}

const noFunctions: Stack["functions"] = {
  restart: () => Promise.reject(new Error("This stack runs without functions")),
  kill: () => Promise.reject(new Error("This stack runs without functions")),
  logs: () => [],
};
