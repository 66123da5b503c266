// What the operator console asks the database for.
import { Buffer } from "node:buffer";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { inclusionPath, leafHash } from "../../../supabase/functions/_shared/audit/merkle-tree.ts";
import { fingerprint } from "../../../supabase/functions/_shared/hex.ts";
import { eventBody, outcomeOf, stripeId, subscribe, until } from "../../support/payments.ts";
import { firstReconciliationIsOver, setFaults } from "../../support/pipeline.ts";
import { adminSql, type SignedInUser, signUp, stack } from "../../support/stack.ts";
import { payments } from "../cli/support.ts";

const sql = adminSql();
let admin: SignedInUser;
let support: SignedInUser;
let customer: SignedInUser;

beforeAll(async () => {
  [admin, support, customer] = await Promise.all([
    makeMember("admin"),
    makeMember("support"),
    signUp(),
  ]);
  await Promise.all([subscribe(customer), firstReconciliationIsOver(sql)]);
});
afterAll(async () => {
  await setFaults();
  await sql`delete from payments_private.staff_members
    where user_id in ${sql([admin.user.id, support.user.id])}`;
  await sql.end();
});

async function makeMember(role: string): Promise<SignedInUser> {
  const member = await signUp();
  await sql`insert into payments_private.staff_members (user_id, role, granted_by)
    values (${member.user.id}, ${role}, 'test')`;
  return member;
}

async function ask(name: string, args: Record<string, unknown> = {}, as = admin) {
  const { data, error } = await as.client.schema("payments").rpc(name, args);
  if (error !== null) throw new Error(`${name}: ${error.code} ${error.message}`);
  return data;
}

const reason = { p_reason: "ticket 4711" };

/** The newest audit row of an action, as it names who, why and what. */
async function lastRow(action: string) {
  const [row] = await sql`
    select actor_id, reason, resource_id, detail from audit.audit_logs where action = ${action}
    order by occurred_at desc limit 1`;
  return row;
}

describe("who I am", () => {
  it("5.2a the console hears the roles and permissions of today, and a look leaves no row", async () => {
    const before = await rowsOf(support);
    const me = await ask("staff_me", {}, support);
    expect(me).toMatchObject({ ok: true, user_id: support.user.id, roles: ["support"] });
    expect(me.permissions).toContain("event.read");
    expect(me.permissions).not.toContain("event.replay");
    for (
      const name of [
        "staff_read_overview",
        "staff_read_settings",
        "staff_read_retention",
        "staff_list_alert_rules",
        "staff_list_events",
      ]
    ) {
      expect(await ask(name, {}, support)).toMatchObject({ ok: true });
    }
    expect(await rowsOf(support)).toBe(before);
  });

  async function rowsOf({ user }: SignedInUser): Promise<number> {
    const rows = await sql`select from audit.audit_logs where actor_id = ${user.id}`;
    return rows.length;
  }
});

describe("figures", () => {
  it("8.2c a span is shown by function and step, with failures and the histogram", async () => {
    // a function of its own: nobody else's requests are counted with it
    const minute = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 30 * 60_000);
    const buckets = (n: number) => [0, 0, 0, n, 0, 0, 0, 0, 0, 0, 0, 0];
    for (const [code, n] of [["ok", 8], ["stripe_failed", 2], ["forbidden", 1]] as const) {
      await sql`insert into payments_private.operation_minutes
        (minute, function_name, code, requests, total_ms, buckets)
        values (${minute}, 'figures-test', ${code}, ${n}, ${n * 40}, ${buckets(n)})`;
    }
    const hour = await ask("staff_read_overview", { p_minutes: 60 });
    const mine = hour.series.filter((row: { function_name: string }) =>
      row.function_name === "figures-test"
    );
    expect(mine).toMatchObject([{ requests: 11, ok: 8, failed: 2, buckets: buckets(11) }]);
    expect(new Date(mine[0].at)).toEqual(minute);
    expect(hour.endings).toContainEqual({
      function_name: "figures-test",
      code: "stripe_failed",
      requests: 2,
    });
    const quarter = await ask("staff_read_overview", { p_minutes: 15 });
    expect(JSON.stringify(quarter)).not.toContain("figures-test");
    const month = await ask("staff_read_overview", { p_minutes: 1e9 });
    expect(month).toMatchObject({ step_seconds: 43_200 });
    await sql`delete from payments_private.operation_minutes where function_name = 'figures-test'`;
  });

  it("8.2c the worst backlog of each minute is kept, and as long as other metrics", async () => {
    const old = "2020-01-01T00:00:00Z";
    await sql`insert into payments_private.pipeline_minutes values (${old}, 1, 1)`;
    await sql.begin(async (tx) => {
      for (const seconds of [40, 90, 10]) {
        await tx`select payments_private.note_pipeline(${seconds})`;
      }
      const [row] = await tx`select backlog_seconds from payments_private.pipeline_minutes
        where minute = date_trunc('minute', now())`;
      expect(row?.["backlog_seconds"]).toBeGreaterThanOrEqual(90);
    });
    expect(await sql`select from payments_private.pipeline_minutes where minute = ${old}`)
      .toHaveLength(0);
    const { pipeline } = await ask("staff_read_overview");
    expect(pipeline.at(-1)).toMatchObject({
      backlog_seconds: expect.any(Number),
      open_alerts: expect.any(Number),
    });
    await sql`delete from payments_private.pipeline_minutes`;
  });

  it("8.2c it says how the pipeline stands, and names nobody", async () => {
    const subject = crypto.randomUUID();
    await sql`select payments_private.raise_alert('dispute', ${subject}, 'critical', '{}')`;
    const overview = await ask("staff_read_overview");
    expect(overview).toMatchObject({
      backlog_seconds: expect.any(Number),
      switches: { all: false, checkout: false, portal: false, webhooks: false },
      incidents: { open: expect.any(Number) },
    });
    expect(overview.alerts).toContainEqual(
      expect.objectContaining({ rule: "dispute", severity: "critical" }),
    );
    expect(JSON.stringify(overview)).not.toContain(subject);
    await sql`delete from payments_private.alerts where subject = ${subject}`;
  });

  it("2.1a keys are shown by fingerprint and id, never the key", async () => {
    const keys = await ask("staff_list_keys");
    const prints = keys.secrets.map(({ fingerprint }: { fingerprint: string }) => fingerprint);
    expect(prints).toContain(await fingerprint(stack().webhookSecret));
    const text = JSON.stringify(keys);
    for (const secret of [stack().webhookSecret, ...Object.values(stack().secretKeys)]) {
      expect(text.includes(secret)).toBe(false);
    }
  });
});

describe("events", () => {
  const made: string[] = [];
  afterEach(async () => {
    await setFaults();
    await sql`delete from payments_private.refresh_marks where object_id = any(${made})`;
    await sql`delete from payments_private.processed_events where object_id = any(${made})`;
  });

  /** An event that was given up; nothing is fetched for it while Stripe does not answer. */
  async function deadEvent() {
    const [event, product] = [stripeId("evt"), stripeId("prod")];
    made.push(product);
    await setFaults({ api: [{ path: `/v1/products/${product}`, kind: "500" }] });
    const object = { id: product, object: "product", active: "yes", name: 7 };
    await outcomeOf(eventBody({ id: event, type: "product.updated", object }));
    await sql`update payments_private.processed_events set status = 'dead', attempts = 15,
      next_attempt_at = null where event_id = ${event}`;
    await sql`delete from payments_private.refresh_marks where object_id = ${product}`;
    return { event, product };
  }

  it("decision 4: are found by status, type, object and time, without their payloads", async () => {
    const { event, product } = await deadEvent();
    const find = async (filter: Record<string, string>) => {
      const { events } = await ask("staff_list_events", { p_filter: filter });
      return events.map(({ event_id }: { event_id: string }) => event_id);
    };
    expect(await find({ object_id: product })).toEqual([event]);
    expect(await find({ object_id: product, status: "dead", event_type: "product.updated" }))
      .toEqual([event]);
    expect(await find({ object_id: product, status: "applied" })).toEqual([]);
    expect(await find({ object_id: product, until: "2026-01-01" })).toEqual([]);
    const all = await find({});
    expect(all).toContain(event);
    const [first] = (await ask("staff_list_events", { p_filter: {}, p_limit: 1 })).events;
    const older = await find({ before_at: first.received_at, before_id: first.event_id });
    // a page is fifty: what follows the first may reach one further than the page that begins with it
    expect(older.slice(0, all.length - 1)).toEqual(all.slice(1));

    const shown = await ask("staff_show_event", { p_event: event, ...reason });
    expect(shown).toMatchObject({
      ok: true,
      event: { status: "dead", keeps: "encrypted body", replay: "stored_body" },
      mark: null,
      conflicts: [],
    });
    expect(shown.audit.map(({ action }: { action: string }) => action)).toContain("event.retry");
    expect(JSON.stringify(shown)).not.toMatch(/"(?:projection|encrypted_body|name)":/);
    expect(await lastRow("staff.event_read"))
      .toMatchObject({ actor_id: admin.user.id, reason: "ticket 4711", resource_id: event });
  });

  it("decision 4: a page goes on into older windows, newest first, as far back as events are kept", async () => {
    const object = stripeId("prod");
    made.push(object);
    const ages = ["1 minute", "3 hours", "4 days", "80 days", "115 days", "130 days"];
    for (const [n, age] of ages.entries()) {
      await sql`insert into payments_private.processed_events
        (event_id, created, received_at, event_type, object_kind, object_id, livemode, status,
          body_sha256, secret_fingerprint, request_id)
        values (${`evt_${object}_${n}`}, now() - ${age}::interval, now() - ${age}::interval,
          'product.updated', 'product', ${object}, false, 'ignored', repeat('0', 64), repeat('0', 16),
          'test')`;
    }
    const find = async (filter: Record<string, string>, limit = 50) => {
      const { events } = await ask("staff_list_events", {
        p_filter: { object_id: object, ...filter },
        p_limit: limit,
      });
      return events.map(({ event_id: id }: { event_id: string }) => Number(id.at(-1)));
    };
    const since = "2020-01-01";
    expect(await find({})).toEqual([0, 1]);
    // a month goes as a whole, so one that is 115 days old may still be there
    expect(await find({ since })).toEqual([0, 1, 2, 3, 4]);
    expect(await find({ since }, 3)).toEqual([0, 1, 2]);
    const [third] = (await ask("staff_list_events", {
      p_filter: { object_id: object, since, status: "ignored", until: daysAgo(2) },
      p_limit: 1,
    })).events;
    expect(await find({ since, before_at: third.received_at, before_id: third.event_id }))
      .toEqual([3, 4]);
    expect(await find({ since, until: daysAgo(85) })).toEqual([4]);
  });

  function daysAgo(days: number): string {
    return new Date(Date.now() - days * 86_400_000).toISOString();
  }

  it("decision 4: a misspelt or malformed filter finds nothing instead of everything", async () => {
    for (const filter of [{ objekt: "x" }, { since: "soon" }, { status: 7 }, []]) {
      expect(await ask("staff_list_events", { p_filter: filter }))
        .toEqual({ ok: false, code: "invalid_filter" });
    }
    for (const filter of [{}, { objekt: "x" }, { received_since: "soon" }]) {
      expect(await ask("staff_replay_events", { p_filter: filter, p_dry_run: false, ...reason }))
        .toEqual({ ok: false, code: "invalid_filter" });
    }
  });

  it("5.2a who may not replay may not see what a replay would do either", async () => {
    const { event } = await deadEvent();
    for (const dry of [true, false]) {
      const asked = { p_filter: { event_id: event }, p_dry_run: dry, ...reason };
      expect(await ask("staff_replay_events", asked, support))
        .toEqual({ ok: false, code: "forbidden" });
    }
  });

  it("decision 4: a dry run says what would be replayed, changes nothing, and is what one gets by default", async () => {
    const { event, product } = await deadEvent();
    const plan = await ask("staff_replay_events", { p_filter: { event_id: event }, ...reason });
    expect(plan).toMatchObject({
      ok: true,
      dry_run: true,
      matching: 1,
      letters: [{ event_id: event, replay: "stored_body" }],
    });
    const statusOf = async () =>
      (await sql`select status from payments_private.processed_events where event_id = ${event}`)[0]
        ?.["status"];
    expect(await statusOf()).toBe("dead");
    expect(await lastRow("staff.replay_tried"))
      .toMatchObject({ actor_id: admin.user.id, detail: { matching: 1 } });

    const replayed = await ask("staff_replay_events", {
      p_filter: { event_id: event },
      p_dry_run: false,
      ...reason,
    });
    expect(replayed).toMatchObject({ ok: true, dry_run: false, replayed: 1, unreplayable: 0 });
    expect(await statusOf()).not.toBe("dead");
    const marks =
      await sql`select from payments_private.refresh_marks where object_id = ${product}`;
    expect(marks).toHaveLength(1);
  });
});

describe("the audit trail", () => {
  async function search(filter: Record<string, string>) {
    const found = await ask("staff_search_audit", { p_filter: filter, ...reason });
    expect(found.ok).toBe(true);
    return found.rows;
  }

  it("4.2c is searched by who, what, about what, outcome and request; each search is in it, without the value", async () => {
    const mine = await search({ actor: customer.user.id });
    expect(mine.length).toBeGreaterThan(1);
    expect(new Set(mine.map((row: { actor_id: string }) => row.actor_id)))
      .toEqual(new Set([customer.user.id]));
    const opened = await search({ actor: customer.user.id, action: "checkout.opened" });
    expect(opened).toHaveLength(1);
    const family = await search({ actor: customer.user.id, action: "checkout" });
    expect(family.length).toBeGreaterThanOrEqual(opened.length);
    expect(await search({ actor: customer.user.id, action: "check" })).toEqual([]);
    expect((await search({ resource: opened[0].resource_id }))[0]).toBeDefined();
    // by id: a row may be sealed between two searches
    expect(await search({ request: opened[0].request_id, id: opened[0].id }))
      .toMatchObject([{ id: opened[0].id }]);
    expect(await search({ actor: customer.user.id, outcome: "refused" })).toEqual([]);
    const [first, second] = mine;
    expect(
      (await search({
        actor: customer.user.id,
        before_at: first.occurred_at,
        before_id: first.id,
      }))[0].id,
    ).toEqual(second.id);
    const row = await lastRow("staff.audit_searched");
    expect(row).toMatchObject({
      actor_id: admin.user.id,
      reason: "ticket 4711",
      detail: { fields: ["actor", "before_at", "before_id"] },
    });
    expect(JSON.stringify(row)).not.toContain(customer.user.id);
  });

  it("4.2c a page goes on into older windows, newest first", async () => {
    const actor = crypto.randomUUID();
    const ages = ["1 minute", "3 hours", "4 days", "80 days", "3 years"];
    const rollback = new Error("rows that were not appended do not stay");
    await sql.begin(async (tx) => {
      for (const [n, age] of ages.entries()) {
        await tx`insert into audit.audit_logs
          (occurred_at, actor_type, actor_id, action, outcome, request_id, payload)
          values (now() - ${age}::interval, 'user', ${actor}, 'test.made', 'success', ${n}, '{}')`;
      }
      const find = async (filter: Record<string, string>, limit = 50) => {
        const [row] = await tx`
          select audit.search_rows(${tx.json({ actor, ...filter })}, ${limit}) as rows`;
        return row?.["rows"];
      };
      const numbers = (rows: { request_id: string }[]) => rows.map((row) => Number(row.request_id));
      expect(numbers(await find({}))).toEqual([0, 1, 2]);
      const all = await find({ since: "-infinity" });
      expect(numbers(all)).toEqual([0, 1, 2, 3, 4]);
      expect(numbers(await find({ since: "2001-01-01" }, 4))).toEqual([0, 1, 2, 3]);
      const page = { before_at: all[2].occurred_at, before_id: all[2].id };
      expect(numbers(await find({ since: "2001-01-01", ...page }, 1))).toEqual([3]);
      throw rollback;
    }).catch((error) => {
      if (error !== rollback) throw error;
    });
  });

  it("4.2c a filter that cannot be meant is refused", async () => {
    for (
      const filter of [
        { who: "x" },
        { id: "x" },
        { since: "soon" },
        { since: "2100-01-01", before_at: "soon" },
        [],
        { actor: null },
      ]
    ) {
      expect(await ask("staff_search_audit", { p_filter: filter, ...reason }))
        .toEqual({ ok: false, code: "invalid_filter" });
    }
  });

  it("8.3b the path is that of RFC 9162, for every leaf of every small tree", async () => {
    for (const size of [1, 2, 3, 4, 5, 7, 8, 13, 16, 21]) {
      const leaves = Array.from({ length: size }, (_, index) => leafHash(`row ${index}`));
      const hexes = leaves.map((leaf) => Buffer.from(leaf).toString("hex"));
      const rows = await sql<{ path: string[] }[]>`
        select audit.inclusion_path(l.leaves, i) as path from generate_series(0, ${size}::int - 1) as i,
          (select array_agg(decode(h, 'hex') order by n) as leaves
            from unnest(${hexes}::text[]) with ordinality as u (h, n)) as l
        order by i`;
      expect(rows.map(({ path }) => path)).toEqual(
        leaves.map((_, index) =>
          inclusionPath(leaves, index).map((hash) => Buffer.from(hash).toString("hex"))
        ),
      );
    }
  });

  it("8.3b a proof is the one that payments audit prove prints", async () => {
    const [row] = await search({ actor: customer.user.id, action: "checkout.opened" });
    const answer = await until(async () => {
      const proof = await ask("staff_prove_audit_row", { p_id: row.id, ...reason });
      return proof.ok ? proof : proof.code === "not_sealed" ? null : Promise.reject(proof);
    });
    const printed = await payments(["audit", "prove", row.id], { PAYMENTS_DB_URL: stack().dbUrl });
    expect(answer.proof).toEqual(JSON.parse(printed.out));
    expect(await lastRow("staff.audit_proof_taken"))
      .toMatchObject({ actor_id: admin.user.id, reason: "ticket 4711", resource_id: row.id });
    expect(await ask("staff_prove_audit_row", { p_id: crypto.randomUUID(), ...reason }))
      .toEqual({ ok: false, code: "not_sealed" });
  });

  it("8.3c says how far it is sealed and verified", async () => {
    const status = await ask("staff_audit_status");
    const [seal] = await sql`select max(number)::int as number from audit.seals`;
    expect(status).toMatchObject({
      ok: true,
      is_late: false,
      seal: { key_id: expect.any(String) },
    });
    expect(status.seal.number).toBeLessThanOrEqual(seal?.["number"] + 5);
  });
});

describe("people", () => {
  it("4.2c a user is found by what Stripe calls theirs, and the look is recorded", async () => {
    const [row] = await sql`
      select c.id as customer, s.id as subscription, p.id as payment
      from payments.customers as c
      join payments.subscriptions as s on s.user_id = c.user_id
      join payments.payments as p on p.user_id = c.user_id
      where c.user_id = ${customer.user.id} limit 1`;
    for (const id of Object.values(row ?? {})) {
      expect(await ask("staff_find_user", { p_object_id: id, ...reason }, support))
        .toEqual({ ok: true, user_id: customer.user.id });
      expect(await lastRow("staff.user_found")).toMatchObject({
        actor_id: support.user.id,
        resource_id: customer.user.id,
        detail: { object: id },
      });
    }
    // anybody may ask, and what was asked for would stay for good
    const anybody = await signUp();
    for (const text of ["4242 4242 4242 4242", "4242424242424242", "somebody@example.com"]) {
      expect(await ask("staff_find_user", { p_object_id: text, ...reason }, anybody))
        .toEqual({ ok: false, code: "forbidden" });
      expect(await lastRow("staff.refused"))
        .toMatchObject({ actor_id: anybody.user.id, resource_id: null });
    }
    const none = { ok: false, code: "not_found" };
    for (const [text, kept] of [["cus_nobody", "cus_nobody"], ["4242 4242 4242 4242", null]]) {
      expect(await ask("staff_find_user", { p_object_id: text, ...reason })).toEqual(none);
      expect(await lastRow("staff.sought_in_vain"))
        .toMatchObject({ actor_id: admin.user.id, reason: "ticket 4711", resource_id: kept });
    }
    expect(await ask("staff_show_event", { p_event: "evt_nothing", ...reason })).toEqual(none);
    expect(await lastRow("staff.sought_in_vain")).toMatchObject({ resource_id: "evt_nothing" });
  });

  it("7.2a holds are listed while they last", async () => {
    const hash = "c".repeat(32);
    await ask("staff_set_hold", { p_user_id: customer.user.id, p_reason: "own cards?" });
    await sql`insert into payments_private.address_holds (address_hash, reason, expires_at)
      values (${hash}, 'card_testing', now() + interval '1 hour')`;
    const list = () => ask("staff_list_holds", reason, support);
    const { users, addresses } = await list();
    expect(users).toContainEqual(expect.objectContaining({
      user_id: customer.user.id,
      placed_by: admin.user.id,
      reason: "own cards?",
    }));
    expect(addresses).toContainEqual(expect.objectContaining({ address_hash: hash }));
    expect(await lastRow("staff.holds_listed")).toMatchObject({ actor_id: support.user.id });
    await ask("staff_release_hold", { p_user_id: customer.user.id, ...reason });
    await ask("staff_release_address", { p_address_hash: hash, ...reason });
    expect(JSON.stringify(await list())).not.toMatch(new RegExp(`${customer.user.id}|${hash}`));
  });
});
