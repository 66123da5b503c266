import { join } from "node:path";
import { createLite, type Lite } from "./lite.ts";
import type { Log } from "./log.ts";
import { pushMigrations } from "./migrate.ts";
import type { PortPlan } from "./ports.ts";
import { type PostgresServer, startPostgres, superuser } from "./postgres.ts";
import type { ProcessGuard } from "./process.ts";
import type { ProjectConfig } from "./project-config.ts";
import { createRoles, secureAuthSchema } from "./roles.ts";
import type { StackSecrets } from "./secrets.ts";
import { connect, databaseUrl } from "./sql.ts";
import type { Teardown } from "./teardown.ts";
import type { Timings } from "./timings.ts";

/** Postgres with the migrations applied, and Auth and REST on top of it. */
export interface Database {
  server: PostgresServer;
  lite: Lite;
  /** The superuser's. */
  url: string;
}

export interface DatabaseOptions {
  /** Holds the folder `supabase/`. */
  root: string;
  folder: string;
  ports: PortPlan;
  durable: boolean;
  secrets: StackSecrets;
  /** Key value → database role. */
  roleOfSecretKey: ReadonlyMap<string, string>;
  siteUrl: string;
  project: ProjectConfig;
  /** Called with the superuser's URL between the migrations and the first request. */
  onMigrated: ((dbUrl: string) => Promise<void>) | undefined;
  guard: ProcessGuard;
  timings: Timings;
  teardown: Teardown;
  log: Log;
}

/** Brings the database up in the order that hosted Supabase has it: roles, Auth's tables, then the project's migrations. */
export async function startDatabase(options: DatabaseOptions): Promise<Database> {
  const { secrets, timings, teardown } = options;
  const server = await timings.measure("postgres", () =>
    startPostgres({
      folder: options.folder,
      ports: options.ports,
      superuserPassword: secrets.superuserPassword,
      durable: options.durable,
      guard: options.guard,
      log: (line) => options.log(`[postgres] ${line}`),
    }));
  teardown.add("postgres", () => server.stop());
  const url = databaseUrl(superuser, secrets.superuserPassword, server.port);
  const lite = createLite({
    url,
    jwtSecret: secrets.jwtSecret,
    siteUrl: options.siteUrl,
    publishableKey: secrets.publishableKey,
    roleOfSecretKey: options.roleOfSecretKey,
    project: options.project,
    log: options.log,
  });
  teardown.add("auth and rest", () => lite.close());
  await timings.measure("roles and auth", () => prepareCluster(url, lite, secrets));
  await timings.measure("migrations", () =>
    pushMigrations({
      root: options.root,
      port: server.port,
      postgresPassword: secrets.postgresPassword,
      guard: options.guard,
      homeFolder: join(options.folder, "supabase-cli"),
    }));
  await options.onMigrated?.(url);
  await timings.measure("auth and rest", () => lite.warmUp());
  return { server, lite, url };
}

async function prepareCluster(url: string, lite: Lite, secrets: StackSecrets): Promise<void> {
  const sql = connect(url);
  try {
    await createRoles(sql, {
      postgres: secrets.postgresPassword,
      authenticator: secrets.authenticatorPassword,
    });
    await lite.createSystemSchema();
    await secureAuthSchema(sql);
  } finally {
    await sql.end();
  }
}
