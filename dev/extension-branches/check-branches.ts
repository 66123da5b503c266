import type postgres from "postgres";
import { readCatalogueFacts, readSchedulerFacts } from "../../cli/doctor/read-facts.ts";
import { connect } from "../stack/sql.ts";

export interface Branches {
  readonly superuserUrl: string;
  readonly postgresUrl: string;
  readonly authenticatorUrl: string;
  readonly serverLog: () => readonly string[];
  readonly tell: (line: string) => void;
}

/** Looks at what each branch left and uses it. False when something is not as it should be. */
export async function checkBranches(branches: Branches): Promise<boolean> {
  const admin = connect(branches.superuserUrl);
  const operator = connect(branches.postgresUrl);
  const api = connect(branches.authenticatorUrl);
  try {
    const checks: [string, () => Promise<boolean>][] = [
      ["pg_cron has the job that calls the worker", () => hasJob(operator)],
      ["the job does nothing before both secrets are in the Vault", () => callsNobody(admin, [])],
      ["the job never posts to plain http", () =>
        callsNobody(admin, [
          ["payments_worker_url", "http://project.example/functions/v1/payments-worker"],
          ["payments_worker_key", "sb_secret_stand_in_for_a_key"],
        ])],
      ["the job posts to the worker with the Vault's key", () => callsWorker(admin)],
      ["Realtime publishes the user tables", () => isPublished(admin)],
      [
        "pgaudit logs a customer's direct read, and no read of the catalogue",
        () => logsReads(api, branches.serverLog),
      ],
      ["payments doctor sees all of it", () => isSeenByDoctor(operator)],
    ];
    let isRight = true;
    for (const [what, check] of checks) {
      const passed = await check();
      branches.tell(`${passed ? "✓" : "✗"} ${what}`);
      isRight &&= passed;
    }
    return isRight;
  } finally {
    await Promise.all([admin.end(), operator.end(), api.end()]);
  }
}

async function hasJob(sql: postgres.Sql): Promise<boolean> {
  const jobs = await sql`select schedule, active from cron.job
    where command = 'select payments_private.call_worker()' and username = 'postgres'`;
  return jobs.length === 1 && jobs[0]?.["active"] === true;
}

/** Runs the job's own command, as its user. */
async function runJob(sql: postgres.Sql): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`set local role postgres`;
    const [job] = await tx`select command from cron.job
      where command = 'select payments_private.call_worker()'`;
    await tx.unsafe(String(job?.["command"]));
  });
}

async function callsNobody(sql: postgres.Sql, vault: [string, string][]): Promise<boolean> {
  await putIntoVault(sql, vault);
  await runJob(sql);
  return (await sql`select from net.calls`).length === 0;
}

async function callsWorker(sql: postgres.Sql): Promise<boolean> {
  const url = "https://project.example/functions/v1/payments-worker";
  const key = "sb_secret_stand_in_for_a_key";
  await putIntoVault(sql, [["payments_worker_url", url], ["payments_worker_key", key]]);
  await runJob(sql);
  const calls = await sql`select url, headers ->> 'apikey' as key, body::text from net.calls`;
  const [call] = calls;
  return calls.length === 1 && call?.["url"] === url && call["key"] === key &&
    call["body"] === "{}";
}

async function putIntoVault(sql: postgres.Sql, secrets: [string, string][]): Promise<void> {
  await sql`delete from vault.decrypted_secrets`;
  for (const [name, value] of secrets) {
    await sql`insert into vault.decrypted_secrets values (${name}, ${value})`;
  }
}

async function isPublished(sql: postgres.Sql): Promise<boolean> {
  const tables = await sql`select tablename from pg_publication_tables
    where pubname = 'supabase_realtime' and schemaname = 'payments' order by 1`;
  return tables.map(({ tablename }) => tablename).join() ===
    "checkout_sessions,entitlements,payments,subscriptions";
}

async function logsReads(sql: postgres.Sql, serverLog: () => readonly string[]): Promise<boolean> {
  await sql.begin(async (tx) => {
    await tx`set local role authenticated`;
    await tx`select id from payments.products`;
    await tx`select id from payments.subscriptions`;
  });
  const lines = () => serverLog().filter((line) => line.includes("AUDIT: OBJECT"));
  // the line is on its way through a pipe
  for (let tries = 0; tries < 50 && lines().length === 0; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return lines().some((line) => line.includes("payments.subscriptions")) &&
    !lines().some((line) => line.includes("payments.products"));
}

async function isSeenByDoctor(sql: postgres.Sql): Promise<boolean> {
  const facts = await sql.begin("read only", readCatalogueFacts);
  const scheduler = await sql.begin("read only", readSchedulerFacts);
  return facts.api_logs_reads && facts.user_tables.length > 0 &&
    facts.user_tables.join() === facts.logged_tables.join() &&
    ["pg_cron", "pg_net", "pgaudit"].every((name) => facts.extensions.includes(name)) &&
    scheduler.job_active === true;
}
