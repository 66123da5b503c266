import { afterAll, afterEach, describe, expect, it } from "vitest";
import { adminSql, rpcAs, signUp } from "../../support/stack.ts";
import { stripeId } from "../../support/payments.ts";

const sql = adminSql();
const LIMIT = 15;

/** What a worker leases, tries and ends, and what becomes of it when every worker dies on it. */
interface Work {
  readonly claim: string;
  readonly table: string;
  /** Where it lies; payments_private unless it says otherwise. */
  readonly schema?: string;
  readonly key: string;
  /** Makes one, and says its key. */
  readonly make: () => Promise<string>;
  readonly alert: string;
  /** Whose alert it is; the key itself unless it says otherwise. */
  readonly subjectOf?: (key: string) => string;
}

async function alertDelivery(): Promise<string> {
  const subject = `lost-worker-${crypto.randomUUID()}`;
  await sql`select payments_private.raise_alert('refund_refused', ${subject}, 'warning', '{}')`;
  const [row] = await sql`select id from payments_private.alerts where subject = ${subject}`;
  return row?.["id"];
}

async function notice(): Promise<string> {
  const { user } = await signUp();
  const [opened] =
    await sql`select payments_private.open_incident('Ada', 'other', 'low', 'a lost worker',
    'a test') ->> 'incident' as id`;
  const [row] =
    await sql`insert into payments_private.incident_notices (incident_id, user_id, subject, body)
    values (${opened?.["id"]}, ${user.id}, 'About your account', 'hello') returning id`;
  return row?.["id"];
}

async function event(): Promise<string> {
  const id = stripeId("evt");
  await sql`insert into payments_private.processed_events (event_id, created, event_type, object_kind, object_id,
      livemode, status, body_sha256, secret_fingerprint, request_id)
    values (${id}, now(), 'product.updated', 'product', 'prod_lostworker', false, 'retry', repeat('0', 64), 'test', 'test')`;
  return id;
}

async function refund(): Promise<string> {
  const [row] =
    await sql`insert into payments_private.refund_requests (payment_id, amount_minor, reason)
    values ('pi_lostworker', 1, 'a test') returning id`;
  return row?.["id"];
}

async function enforcement(): Promise<string> {
  const [row] = await sql`insert into payments_private.enforcements (action, object_id, rule)
    values ('expire_session', ${stripeId("cs")}, 'test') returning id`;
  return row?.["id"];
}

async function deletion(): Promise<string> {
  const id = stripeId("cus");
  await sql`insert into payments_private.customer_deletions (customer_id) values (${id})`;
  return id;
}

async function mark(): Promise<string> {
  const id = stripeId("prod");
  await sql`insert into payments_private.refresh_marks (kind, object_id, ticket, next_attempt_at)
    values ('product', ${id}, nextval('payments_private.ticket_numbers'), '2100-01-01')`;
  return id;
}

async function domainEvent(): Promise<string> {
  const [row] = await sql`insert into payments.outbox (kind, object_id, occurrence, payload)
    values ('subscription.activated', ${stripeId("sub")}, 'test', '{}') returning id`;
  return row?.["id"];
}

const GIVEN_UP: readonly (Work & { readonly state: string; readonly action: string })[] = [
  {
    claim: "claim_notices",
    table: "incident_notices",
    key: "id",
    make: notice,
    alert: "notice_dead",
    state: "state",
    action: "notice.dead",
  },
  {
    claim: "claim_alerts",
    table: "alert_deliveries",
    key: "alert_id",
    make: alertDelivery,
    alert: "alert_delivery_dead",
    subjectOf: () => "alerts",
    state: "state",
    action: "alert.dead",
  },
  {
    claim: "claim_retries",
    table: "processed_events",
    key: "event_id",
    make: event,
    alert: "dead_letter",
    state: "status",
    action: "event.dead",
  },
  {
    claim: "claim_outbox",
    table: "outbox",
    schema: "payments",
    key: "id",
    make: domainEvent,
    alert: "outbox_dead",
    state: "state",
    action: "outbox.dead",
  },
];

const GOES_ON: readonly Work[] = [
  {
    claim: "claim_refunds",
    table: "refund_requests",
    key: "id",
    make: refund,
    alert: "refund_stuck",
  },
  {
    claim: "claim_enforcements",
    table: "enforcements",
    key: "id",
    make: enforcement,
    alert: "enforcement_stuck",
  },
  {
    claim: "claim_customer_deletions",
    table: "customer_deletions",
    key: "customer_id",
    make: deletion,
    alert: "customer_deletion_stuck",
  },
  {
    claim: "claim_refreshes",
    table: "refresh_marks",
    key: "object_id",
    make: mark,
    alert: "refresh_stuck",
    subjectOf: (key) => `product ${key}`,
  },
];

let work: Work;
let key = "";

async function begin(one: Work): Promise<void> {
  work = one;
  key = await one.make();
  await sql`delete from payments_private.alerts where rule = ${one.alert}`;
}

const row = () => sql`${sql(work.key)} = ${key}`;
const table = () => sql(`${work.schema ?? "payments_private"}.${work.table}`);

afterEach(async () => {
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`delete from ${table()} where ${row()}`;
    await tx`delete from payments_private.incidents where title = 'a lost worker'`;
  });
  await sql`delete from payments_private.alerts where rule = ${work.alert} or subject like 'lost-worker-%'`;
});
afterAll(() => sql.end());

/** One worker that claims it and is never heard of again, before the stack's own can take it. */
async function loseWorker(): Promise<void> {
  await sql.begin(async (tx) => {
    // before all that other tests have left
    await tx`update ${table()} set next_attempt_at = '2000-01-01',
      leased_until = case when leased_until is not null then now() - interval '1 second' end where ${row()}`;
    await tx`select ${sql(`payments.${work.claim}`)}(1, 1)`;
    await tx`update ${table()} set next_attempt_at = '2100-01-01' where ${row()}`;
  });
}

async function attempts(): Promise<number> {
  const [found] = await sql`select attempts from ${table()} where ${row()}`;
  return found?.["attempts"];
}

async function alerts() {
  const subject = work.subjectOf?.(key) ?? key;
  return [
    ...await sql`select severity, resolved_at from payments_private.alerts
      where rule = ${work.alert} and subject = ${subject}`,
  ];
}

describe("what every worker dies on", () => {
  it.each(GIVEN_UP)(
    "decision 4: $table: ends dead after its attempts, and people hear of it",
    async (one) => {
      await begin(one);
      while (await attempts() < LIMIT) await loseWorker();
      expect(await alerts()).toEqual([]);
      for (let round = 0; round < 3; round++) await loseWorker();
      const [found] = await sql`select ${
        sql(one.state)
      } as state, attempts, last_error, leased_until
      from ${table()} where ${row()}`;
      expect(found).toEqual({
        state: "dead",
        attempts: LIMIT,
        last_error: "worker_lost",
        leased_until: null,
      });
      expect(await alerts()).toEqual([{ severity: "critical", resolved_at: null }]);
      const trail = await sql`select outcome from audit.audit_logs where action = ${one.action}
      and (resource_id = ${key} or detail ->> 'event' = ${key})`;
      expect(trail).toEqual([{ outcome: "failure" }]);
    },
  );

  it.each([
    ["claim_outbox", "finish_outbox"],
    ["claim_notices", "finish_notice"],
    ["claim_alerts", "finish_alert"],
  ])(
    "decision 4: what %s gave up and somebody took after all is delivered",
    async (claim, finish) => {
      const one = GIVEN_UP.find((work) => work.claim === claim);
      if (one === undefined) throw new Error(`nothing is leased by ${claim}`);
      await begin(one);
      for (let round = 0; round < LIMIT + 1; round++) await loseWorker();
      const [dead] = await sql`select state, lease from ${table()} where ${row()}`;
      expect(dead?.["state"]).toBe("dead");
      const late = async (lease: unknown, more = {}) =>
        (await rpcAs("payments_worker", finish, { p_id: key, p_lease: lease, ...more })).data;
      expect(await late(Number(dead?.["lease"]) - 1)).toBe("fenced");
      expect(await late(dead?.["lease"], { p_error: "status_500" })).toBe("fenced");
      expect(await late(dead?.["lease"])).toBe("delivered");
      // one alert for all alerts that did not arrive: people close it
      const resolved_at = claim === "claim_alerts" ? null : expect.any(Date);
      expect(await alerts()).toEqual([{ severity: "critical", resolved_at }]);
    },
  );

  it.each(GIVEN_UP)(
    "decision 4: $table: is not taken up at once, each lost attempt a longer pause",
    async (one) => {
      await begin(one);
      await sql`update ${table()} set attempts = 12, next_attempt_at = '2000-01-01' where ${row()}`;
      await rpcAs("payments_worker", one.claim, { p_limit: 1, p_lease_seconds: 60 });
      const [found] =
        await sql`select next_attempt_at > leased_until as later from ${table()} where ${row()}`;
      expect(found).toEqual({ later: true });
    },
  );

  it.each(GOES_ON)("decision 4: $table: is tried on and on, and people hear of it", async (one) => {
    await begin(one);
    while (await attempts() < LIMIT) await loseWorker();
    expect(await alerts()).toEqual([]);
    for (let round = 0; round < 3; round++) await loseWorker();
    expect(await attempts()).toBe(LIMIT + 3);
    expect(await alerts()).toEqual([{ severity: "critical", resolved_at: null }]);
  });

  it("decision 4: of two objects of one id each is told", async () => {
    const id = stripeId("cus");
    const kinds = ["customer", "entitlements.active_entitlement_summary"];
    await sql.begin(async (tx) => {
      for (const kind of kinds) {
        await tx`insert into payments_private.refresh_marks
            (kind, object_id, ticket, attempts, marked_at, next_attempt_at, leased_until)
          values (${kind}, ${id}, 1, ${LIMIT}, now(), '-infinity', now() - interval '1 second')`;
      }
      await tx`select payments.claim_refreshes(2, 60)`;
      await tx`delete from payments_private.refresh_marks where object_id = ${id}`;
    });
    const told = await sql`select subject from payments_private.alerts
      where rule = 'refresh_stuck' and subject like ${`% ${id}`} order by subject`;
    expect(told.map(({ subject }) => subject)).toEqual(kinds.map((kind) => `${kind} ${id}`));
  });
});
