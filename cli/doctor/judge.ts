import type { Environment } from "../../supabase/functions/_shared/config.ts";
import type { EncryptionKeys } from "../encryption/read-keys.ts";
import { judgeKeys } from "../encryption/read-keys.ts";
import { renderAge } from "../render-columns.ts";
import type { PlaintextAnswer } from "./probe-plaintext.ts";
import type { Facts, SecretFacts } from "./read-facts.ts";

/** `note`: what production would need and this environment does not; `unknown`: it could not be seen. */
export type Verdict = "ok" | "finding" | "note" | "unknown";

export interface Check {
  readonly requirement: string;
  readonly what: string;
  readonly verdict: Verdict;
  readonly detail: string;
}

export interface Examined {
  readonly environment: Environment;
  readonly facts: Facts;
  readonly keys: EncryptionKeys;
  readonly plaintext: PlaintextAnswer;
  readonly connectionIsVerified: boolean;
  /** URLs that are called from outside, with what they are; null where nobody could ask. */
  readonly endpoints: readonly { what: string; url: string }[] | null;
  /** Secrets that another environment's database has seen; null where none was named. */
  readonly otherSecrets: readonly SecretFacts[] | null;
}

const DAY = 86_400;
const KEY_AGE_DAYS = 90;

/** Looks at everything once. Order is that of the table that people see. */
export function examine(examined: Examined): Check[] {
  return [
    ...transport(examined),
    ...reads(examined),
    ...access(examined),
    ...secrets(examined),
    ...upkeep(examined),
  ];
}

type Judge = (
  isRight: boolean | null,
  right: string,
  wrong: string,
) => Pick<Check, "verdict" | "detail">;

/** A matter that only production must have right. */
function inProduction(environment: Environment): Judge {
  return (isRight, right, wrong) => {
    if (isRight === null) return { verdict: "unknown", detail: wrong };
    if (isRight) return { verdict: "ok", detail: right };
    return { verdict: environment === "production" ? "finding" : "note", detail: wrong };
  };
}

const always: Judge = (isRight, right, wrong) => ({
  verdict: isRight === null ? "unknown" : isRight ? "ok" : "finding",
  detail: isRight === true ? right : wrong,
});

function transport({ environment, plaintext, connectionIsVerified, endpoints }: Examined): Check[] {
  const judge = inProduction(environment);
  const plain = endpoints?.filter(({ url }) => !url.startsWith("https://")) ?? [];
  return [
    {
      requirement: "4.3a",
      what: "database enforces TLS",
      ...judge(
        plaintext === "unknown" ? null : plaintext === "refused",
        "a connection without TLS is refused",
        plaintext === "unknown"
          ? "the database did not say; look at Database settings, SSL enforcement"
          : "a connection without TLS is answered: turn SSL enforcement on",
      ),
    },
    {
      requirement: "4.3a",
      what: "this connection is verified",
      ...judge(connectionIsVerified, "sslmode=verify-full", "without verified TLS"),
    },
    {
      requirement: "4.3a",
      what: "endpoints use https",
      ...judge(
        endpoints === null ? null : plain.length === 0,
        `${endpoints?.length ?? 0} looked at`,
        endpoints === null
          ? "set STRIPE_SECRET_KEY to have Stripe's endpoints looked at"
          : plain.map(({ what }) => what).join(", "),
      ),
    },
  ];
}

function reads({ environment, facts }: Examined): Check[] {
  const judge = inProduction(environment);
  const isThere = facts.extensions.includes("pgaudit");
  const missing = facts.user_tables.filter((table) => !facts.logged_tables.includes(table));
  const isSetUp = isThere && facts.api_logs_reads && missing.length === 0;
  return [{
    requirement: "4.2c",
    what: "direct reads are logged",
    ...judge(
      isSetUp,
      `pgaudit logs reads of ${facts.logged_tables.length} tables`,
      !isThere
        ? "pgaudit is not installed: enable it and run migration 20261124004160 again"
        : !facts.api_logs_reads
        ? "pgaudit.role of authenticator is not payments_read_log"
        : `not logged: ${missing.join(", ")}`,
    ),
  }];
}

function access({ facts }: Examined): Check[] {
  return [
    {
      requirement: "4.2b",
      what: "row-level security everywhere",
      ...always(
        facts.tables_without_rls.length === 0,
        "on every table",
        facts.tables_without_rls.join(", "),
      ),
    },
    {
      requirement: "4.2b",
      what: "private schemas are private",
      ...always(
        facts.open_schemas.length === 0,
        "no API role may use them",
        facts.open_schemas.join(", "),
      ),
    },
    {
      requirement: "5.2b",
      what: "no fall-back to the key `default`",
      ...always(
        facts.default_may_run.length === 0,
        "service_role may run nothing of ours",
        `service_role may run ${facts.default_may_run.join(", ")}`,
      ),
    },
  ];
}

function secrets({ environment, facts, keys, otherSecrets }: Examined): Check[] {
  const inUse = facts.secrets.filter(({ last }) => last < 2 * DAY);
  const old = inUse.filter(({ first }) => first >= KEY_AGE_DAYS * DAY);
  const wrongMode = facts.secrets.filter(({ livemode }) =>
    livemode !== (environment === "production")
  );
  const shared =
    otherSecrets?.filter((other) =>
      facts.secrets.some(({ fingerprint }) => fingerprint === other.fingerprint)
    ) ?? [];
  const current = keys.keys.find(({ is_current: is }) => is);
  const { outdated, unreadable } = judgeKeys(keys);
  const names = (list: readonly SecretFacts[]) =>
    list.map(({ fingerprint }) => fingerprint).join(", ");
  return [
    {
      requirement: "2.1d",
      what: "webhook secrets are young",
      ...always(
        old.length === 0,
        `${inUse.length} in use`,
        `${names(old)} has been in use for ${KEY_AGE_DAYS} days or more`,
      ),
    },
    {
      requirement: "2.1d",
      what: "encryption key is young",
      ...always(
        current === undefined ? null : current.age < KEY_AGE_DAYS * DAY * 4,
        `${current?.key_id ?? ""}, ${renderAge(current?.age ?? 0)} old`,
        current === undefined
          ? "the worker has not run yet"
          : `${current.key_id} is older than a year`,
      ),
    },
    {
      requirement: "4.2a",
      what: "encrypted values are readable",
      ...always(
        unreadable === 0,
        outdated === 0
          ? "all under the current key"
          : `${outdated} still under an older key of the ring`,
        `${unreadable} lie under a key the worker does not have`,
      ),
    },
    {
      requirement: "2.3b",
      what: "events are of this environment",
      ...always(
        wrongMode.length === 0,
        environment === "production" ? "live ones only" : "test ones only",
        `${names(wrongMode)} verified ${environment === "production" ? "test" : "live"} events`,
      ),
    },
    {
      requirement: "2.3c",
      what: "secrets differ by environment",
      ...always(
        otherSecrets === null ? null : shared.length === 0,
        "none is shared",
        otherSecrets === null
          ? "name the other environment's database in PAYMENTS_COMPARE_DB_URL"
          : `${names(shared)} verifies events in both`,
      ),
    },
  ];
}

function upkeep({ environment, facts: { extensions, scheduler, runs, scans } }: Examined): Check[] {
  const judge = inProduction(environment);
  const hasCron = extensions.includes("pg_cron") && extensions.includes("pg_net");
  const isCalled = runs.reconcile !== null && runs.reconcile < 2 * 3600;
  const jobRuns = scheduler.job_active === null
    ? null
    : scheduler.job_active && scheduler.last_success !== null && scheduler.last_success < 300;
  return [
    {
      requirement: "3.2c",
      what: "the worker is called",
      ...always(
        isCalled,
        `reconciled ${renderAge(runs.reconcile ?? 0)} ago`,
        runs.reconcile === null
          ? "it has never reconciled"
          : `it last reconciled ${renderAge(runs.reconcile)} ago`,
      ),
    },
    {
      requirement: "3.2c",
      what: "pg_cron calls it",
      ...judge(
        // a scheduler outside of the database is as good
        hasCron ? jobRuns : isCalled ? true : false,
        hasCron ? "the job has run within five minutes" : "no: something else does",
        !hasCron
          ? "pg_cron and pg_net are not installed, and nothing else calls the worker"
          : jobRuns === null
          ? "this role may not look into pg_cron's tables"
          : "the job is not active or does not succeed: docs/scheduler.md",
      ),
    },
    {
      requirement: "8.1c",
      what: "the purge runs",
      ...always(
        runs.purge !== null && runs.purge < 2 * DAY,
        `${renderAge(runs.purge ?? 0)} ago`,
        runs.purge === null ? "never" : `last ${renderAge(runs.purge)} ago`,
      ),
    },
    {
      requirement: "4.1a",
      what: "the scan for card numbers runs",
      ...always(
        scans.cards !== null && scans.cards < 2 * DAY,
        `${renderAge(scans.cards ?? 0)} ago`,
        scans.cards === null ? "never finished" : `last ${renderAge(scans.cards)} ago`,
      ),
    },
  ];
}
