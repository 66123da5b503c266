import { afterAll, afterEach, describe, expect, it } from "vitest";
import { constraintOf } from "../../support/constraint-of.ts";
import { findInDump } from "../../support/dump.ts";
import { subscribe } from "../../support/payments.ts";
import { runTasks } from "../../support/pipeline.ts";
import { adminSql, callFunction, rpcAs, signUp } from "../../support/stack.ts";

const sql = adminSql();
afterEach(() => sql`delete from payments_private.legal_holds`);
afterAll(() => sql.end());

interface Hold {
  scope?: string;
  user?: string;
  resource?: string;
  from?: string;
  until?: string;
}

/** As the command does it, by a person of this name. */
async function place({ scope = "all", user, resource, from, until }: Hold = {}, by = "anna") {
  const [row] = await sql`select payments_private.place_legal_hold(${by}, ${scope}, 'a court asks',
    ${user ?? null}, ${resource ?? null}, ${from ?? null}, ${until ?? null}) as answer`;
  return row?.["answer"];
}

async function requestRelease(hold: string, by: string) {
  const [row] =
    await sql`select payments_private.request_hold_release(${by}, ${hold}, 'case closed') as answer`;
  return row?.["answer"];
}

async function release(hold: string, by: string) {
  const [row] =
    await sql`select payments_private.release_legal_hold(${by}, ${hold}, 'case closed') as answer`;
  return row?.["answer"];
}

/** Details of a request a hundred days ago: past their time. */
async function oldDetails(userId: string | null = null): Promise<string> {
  const id = crypto.randomUUID();
  await sql`insert into payments_private.client_details (request_id, operation, user_id, encrypted_details, created_at)
    values (${id}, 'sync', ${userId}, 'v1.dev.AAAA', now() - interval '100 days')`;
  return id;
}

async function isThere(id: string): Promise<boolean> {
  return (await sql`select from payments_private.client_details where request_id = ${id}`).length >
    0;
}

async function existing(name: string): Promise<boolean> {
  const [row] = await sql`select to_regclass(${name}) is not null as there`;
  return row?.["there"];
}

/** Partitions of the month that long ago. */
async function oldMonths(days: number) {
  for (
    const [owner, make] of [
      ["payments_owner", "payments_private.ensure_events_partition"],
      ["audit_owner", "audit.ensure_partition"],
    ] as const
  ) {
    await sql.begin(async (tx) => {
      await tx`set local role ${tx(owner)}`;
      await tx`select ${tx.unsafe(make)}(now() - make_interval(days => ${days}))`;
    });
  }
  const [row] =
    await sql`select to_char((now() - make_interval(days => ${days})) at time zone 'UTC', 'YYYYMM') as month`;
  return [
    `payments_private.processed_events_${row?.["month"]}`,
    `audit.audit_logs_${row?.["month"]}`,
  ];
}

describe("a legal hold", () => {
  it("10.2a keeps whole partitions, of events and of the audit log, until it is released", async () => {
    const names = await oldMonths(620);
    const { hold } = await place();
    await runTasks(["purge"]);
    for (const name of names) expect(await existing(name), name).toBe(true);
    await requestRelease(hold, "anna");
    expect(await release(hold, "berta")).toEqual({ ok: true });
    await runTasks(["purge"]);
    for (const name of names) expect(await existing(name), name).toBe(false);
  });

  it("8.1c keeps rows of what it covers and of nothing else", async () => {
    const [held, other] = [await signUp(), await signUp()];
    const rows = {
      held: await oldDetails(held.user.id),
      other: await oldDetails(other.user.id),
      nobody: await oldDetails(),
    };
    await place({ scope: "user", user: held.user.id });
    await runTasks(["purge"]);
    // whose it is that has no user nobody can say, so it stays
    expect([await isThere(rows.held), await isThere(rows.other), await isThere(rows.nobody)])
      .toEqual([true, false, true]);
  });

  it("8.1c covers the time it names", async () => {
    const day = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
    const row = await oldDetails();
    await place({ scope: "time", from: day(300), until: day(200) });
    await runTasks(["purge"]);
    expect(await isThere(row)).toBe(false);

    const second = await oldDetails();
    await place({ scope: "time", from: day(101), until: day(99) });
    await runTasks(["purge"]);
    expect(await isThere(second)).toBe(true);
  });

  it("10.2a that is being placed is waited for by a purge that runs meanwhile", async () => {
    const row = await oldDetails();
    let isPurged = false;
    let purge: Promise<unknown> | undefined;
    await sql.begin(async (tx) => {
      await tx`select payments_private.place_legal_hold('anna', 'all', 'a court asks', null, null, null, null)`;
      purge = rpcAs("payments_worker", "purge", { p_forced: true }).then(() => isPurged = true);
      // it waits for us, visibly
      for (let waiting = false; !waiting && !isPurged;) {
        const found =
          await sql`select from pg_locks where not granted and relation = 'payments_private.legal_holds'::regclass`;
        waiting = found.length > 0;
      }
    });
    await purge;
    expect(await isThere(row)).toBe(true);
  });

  it("10.2a is released by a second person only", async () => {
    const { hold } = await place({}, "anna");
    expect(await release(hold, "berta")).toMatchObject({ code: "release_not_requested" });
    await requestRelease(hold, "berta");
    expect(await release(hold, "anna")).toMatchObject({ code: "second_person_required" });
    expect(await release(hold, "berta")).toMatchObject({ code: "second_person_required" });
    expect(await release(hold, "clara")).toEqual({ ok: true });
    expect(await release(hold, "clara")).toMatchObject({ code: "not_found" });
    const audit = await sql`select action, outcome, actor_id, reason from audit.audit_logs
      where resource_type = 'legal_hold' and resource_id = ${hold} order by occurred_at`;
    expect(audit.map((row) => `${row["action"]} ${row["actor_id"]}`)).toEqual([
      "legal_hold.placed anna",
      "legal_hold.release_refused berta",
      "legal_hold.release_requested berta",
      "legal_hold.release_refused anna",
      "legal_hold.release_refused berta",
      "legal_hold.released clara",
      "legal_hold.release_refused clara",
    ]);
  });

  it("10.2a cannot be released by one person with a statement either", async () => {
    const { hold } = await place({}, "anna");
    const statement = sql`update payments_private.legal_holds set release_requested_by = 'anna',
      release_requested_at = now(), release_request_reason = 'x', released_by = 'anna', released_at = now(),
      release_reason = 'x' where id = ${hold}`;
    expect(await constraintOf(statement)).toBe("a_release_takes_a_second_person");
  });

  it.each([
    [{ scope: "everything" }],
    [{ scope: "user" }],
    [{ scope: "resource" }],
    [{ scope: "time" }],
    [{ scope: "all", user: crypto.randomUUID() }],
    [{ scope: "time", from: "2026-02-01", until: "2026-01-01" }],
  ])("10.2a refuses one that does not say what it holds: %j", async (hold) => {
    expect(await place(hold)).toEqual({ ok: false, code: "invalid_hold" });
  });
});

describe("a user who is deleted while held", () => {
  it("10.2a leaves the service; what the hold covers is stored apart and goes with the hold", async () => {
    const user = await signUp();
    const neighbour = await signUp();
    await subscribe(user);
    await callFunction("sync-billing", {}, user);
    await callFunction("sync-billing", {}, neighbour);
    const { hold } = await place({ scope: "user", user: user.user.id });
    await sql`delete from auth.users where id in ${sql([user.user.id, neighbour.user.id])}`;

    const stored = async () =>
      (await sql`select distinct table_name, user_id from payments_private.held_rows
      where user_id in ${sql([user.user.id, neighbour.user.id])} order by table_name`).map((
        row,
      ) => ({ ...row }));
    const mine = { user_id: user.user.id };
    const all = [
      { table_name: "checkout_reservations", ...mine },
      { table_name: "client_details", ...mine },
      { table_name: "customers", ...mine },
    ];
    expect(await stored()).toEqual(all);
    for (const table of ["client_details", "checkout_reservations"]) {
      const left = await sql`select from payments_private.${
        sql(table)
      } where user_id = ${user.user.id}`;
      expect(left, table).toHaveLength(0);
    }
    await runTasks(["purge"]);
    expect(await stored()).toEqual(all);

    await requestRelease(hold, "berta");
    await release(hold, "clara");
    await runTasks(["purge"]);
    expect(await stored()).toEqual([]);
  });
});

describe("a user who is deleted", () => {
  it("4.1c is in no table any more but as a bare id in the proofs; the books stay", async () => {
    const user = await signUp();
    await subscribe(user);
    await callFunction("sync-billing", {}, user);
    const [customer] = await sql`select id from payments.customers where user_id = ${user.user.id}`;
    expect(await findInDump(sql, user.user.id)).toEqual(expect.arrayContaining([
      "payments.customers",
      "payments_private.client_details",
      "payments_private.checkout_reservations",
    ]));
    const requests = await sql`select request_id from payments_private.client_details
      where user_id = ${user.user.id}`;
    const proofs = () =>
      sql`select count(*)::int as n from audit.audit_logs where actor_id = ${user.user.id}`;
    const before = await proofs();
    await sql`delete from auth.users where id = ${user.user.id}`;

    const details = await sql`select from payments_private.client_details
      where request_id = any(${requests.map(({ request_id }) => request_id)}::text[])`;
    expect(details).toHaveLength(0);
    const left = (await findInDump(sql, user.user.id)).filter((name) => !name.startsWith("audit."));
    // a bucket of the limits, deleted after a day
    expect(left.filter((name) => name !== "payments_private.rate_limits")).toEqual([]);
    expect(await proofs()).toEqual(before);
    const books = await sql`select status, user_id from payments.payments where customer_id = ${
      customer?.["id"]
    }`;
    expect(books.length).toBeGreaterThan(0);
    for (const row of books) expect(row).toMatchObject({ user_id: null });
  });
});
