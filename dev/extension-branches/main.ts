// Runs all migrations on a PostgreSQL that has pg_cron and pgaudit, and shows that the branches which
// the local stack's server skips were taken and work.
//
// deno run -A dev/extension-branches/main.ts <folder of an unpacked Debian postgresql-15>
import { chmod, copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createLite } from "../stack/lite.ts";
import { pushMigrations } from "../stack/migrate.ts";
import { projectRoot, supabaseFolder } from "../stack/paths.ts";
import { createPortPlan } from "../stack/ports.ts";
import { type PostgresServer, startPostgres, superuser } from "../stack/postgres.ts";
import { readProjectConfig } from "../stack/project-config.ts";
import { createRoles, secureAuthSchema } from "../stack/roles.ts";
import { generateSecrets, type StackSecrets } from "../stack/secrets.ts";
import { connect, databaseUrl } from "../stack/sql.ts";
import { checkBranches } from "./check-branches.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const NOBODY = { addProcess: () => {}, removeProcess: () => {} };

async function main(unpacked: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "payments-extensions-"));
  await chmod(folder, 0o755);
  const log: string[] = [];
  const secrets = generateSecrets([]);
  await addStandIn(unpacked);
  const server = await start(unpacked, folder, secrets, log);
  try {
    await prepare(server, secrets);
    await pushMigrations({
      root: projectRoot,
      port: server.port,
      postgresPassword: secrets.postgresPassword,
      guard: NOBODY,
      homeFolder: join(folder, "supabase-cli"),
    });
    const url = (user: string, password: string) => databaseUrl(user, password, server.port);
    return await checkBranches({
      superuserUrl: url(superuser, secrets.superuserPassword),
      postgresUrl: url("postgres", secrets.postgresPassword),
      authenticatorUrl: url("authenticator", secrets.authenticatorPassword),
      serverLog: () => log,
      tell: (line) => process.stdout.write(`${line}\n`),
    });
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

/** pg_net is in no Debian package. */
async function addStandIn(unpacked: string): Promise<void> {
  const extensions = join(unpacked, "usr/share/postgresql/15/extension");
  await writeFile(
    join(extensions, "pg_net.control"),
    "comment = 'stands for pg_net: records calls'\ndefault_version = '0.0'\n",
  );
  await copyFile(join(HERE, "pg_net--0.0.sql"), join(extensions, "pg_net--0.0.sql"));
}

function start(
  unpacked: string,
  folder: string,
  secrets: StackSecrets,
  log: string[],
): Promise<PostgresServer> {
  const programs = join(unpacked, "usr/lib/postgresql/15/bin");
  return startPostgres({
    folder,
    ports: createPortPlan(),
    superuserPassword: secrets.superuserPassword,
    durable: false,
    guard: NOBODY,
    log: (line) => void log.push(line),
    binaries: { initdb: join(programs, "initdb"), postgres: join(programs, "postgres") },
    settings: {
      shared_preload_libraries: "pg_cron,pgaudit",
      "cron.database_name": "postgres",
      "cron.use_background_workers": "on",
      jit: "off",
    },
  });
}

async function prepare(server: PostgresServer, secrets: StackSecrets): Promise<void> {
  const url = databaseUrl(superuser, secrets.superuserPassword, server.port);
  const lite = createLite({
    url,
    jwtSecret: secrets.jwtSecret,
    siteUrl: "http://127.0.0.1",
    publishableKey: secrets.publishableKey,
    roleOfSecretKey: new Map(),
    project: await readProjectConfig(supabaseFolder),
    log: () => {},
  });
  const sql = connect(url);
  try {
    await createRoles(sql, {
      postgres: secrets.postgresPassword,
      authenticator: secrets.authenticatorPassword,
    });
    await lite.createSystemSchema();
    await secureAuthSchema(sql);
    await sql.unsafe(await Deno.readTextFile(join(HERE, "platform.sql")));
  } finally {
    await sql.end();
    await lite.close();
  }
}

const unpacked = process.argv[2];
if (unpacked === undefined) {
  process.stderr.write("Name the folder that postgresql-15 was unpacked into\n");
  process.exitCode = 2;
} else {
  process.exitCode = await main(unpacked) ? 0 : 1;
}
