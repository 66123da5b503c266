import type postgres from "postgres";
import { afterAll, describe, expect, it } from "vitest";
import { containsCardNumber } from "../../../supabase/functions/_shared/card-number.ts";
import { constraintOf } from "../../support/constraint-of.ts";
import { runTasks } from "../../support/pipeline.ts";
import { adminSql, rpcAs } from "../../support/stack.ts";

const sql = adminSql();
afterAll(() => sql.end());

/** Runs a scan over what the test put there, and undoes everything. */
async function scanned(put: (tx: postgres.TransactionSql) => Promise<unknown>) {
  const result: { found: number; subjects: string[] } = { found: 0, subjects: [] };
  await sql.begin(async (tx) => {
    await tx`update payments_private.card_scan set finished_at = coalesce(finished_at, now()), started_at = now()`;
    await put(tx);
    for (let finished = false, forced = true; !finished; forced = false) {
      const [row] = await tx`select payments.scan_for_cards(${forced}) as scan`;
      finished = row?.["scan"].finished;
      result.found = row?.["scan"].found;
    }
    const alerts = await tx`select subject, detail from payments_private.alerts
      where rule = 'card_data_found' and severity = 'critical' order by subject`;
    result.subjects = alerts.map(({ subject, detail }) => `${subject} ${JSON.stringify(detail)}`);
    throw new Undo();
  }).catch((error: unknown) => {
    if (!(error instanceof Undo)) throw error;
  });
  return result;
}

class Undo extends Error {}

describe("the scan for card numbers", () => {
  it("4.1a finds one in any text of any schema, names the place and never the number", async () => {
    const row = crypto.randomUUID();
    const { found, subjects } = await scanned(async (tx) => {
      await tx`insert into payments.products (id, active, name, created_at)
        values ('prod_canary', true, 'call 4242-4242-4242-4242 now', now())`;
      await tx`insert into payments.outbox (id, kind, object_id, occurrence, payload)
        values (${row}, 'canary', 'x', '1', '{"deep": [{"number": 5555555555554444}]}')`;
      await tx`insert into payments_private.rate_refusals (bucket, subject, window_at)
        values ('user', '378282246310005', now())`;
      await tx`select audit.append('system', null, 'canary.found', 'success', p_reason => 'card 6011111111111117')`;
    });
    expect(found).toBe(subjects.length);
    expect(subjects).toEqual(expect.arrayContaining([
      expect.stringMatching(/^audit\.audit_logs_\d{6} reason of [0-9a-f-]{36}.* \{\}$/),
      `payments.outbox payload of ${row} {}`,
      "payments.products name of prod_canary {}",
      // its key holds the number: the place is told instead
      expect.stringMatching(/^payments_private\.rate_refusals subject of \(\d+,\d+\) \{\}$/),
    ]));
    expect(subjects.join()).not.toMatch(/4242.?4242|5555555|3782822|6011111/);
  });

  it("4.1a finds nothing in what the tests of this stack have left", async () => {
    const { found, subjects } = await scanned(() => Promise.resolve());
    expect({ found, subjects }).toEqual({ found: 0, subjects: [] });
  });

  it("4.1a takes no uuid, Stripe id, hash or time for a card", async () => {
    const [row] =
      await sql`select count(*) filter (where payments_private.holds_card_number(v))::int as found from (
      select gen_random_uuid()::text as v from generate_series(1, 20000)
      union all select 'checkout_42424242-4242-4242-a456-426614174000'
      union all select 'pi_3' || translate(encode(sha256(n::text::bytea), 'base64'), '+/=', 'xyz') from generate_series(1, 5000) as n
      union all select encode(sha256(n::text::bytea), 'hex') from generate_series(1, 5000) as n
      union all select clock_timestamp()::text from generate_series(1, 5000)
      union all select to_jsonb(clock_timestamp() + n * interval '1 day')::text from generate_series(1, 5000) as n
      union all select jsonb_build_object('at', 1764000000 + n, 'amount', 100000000 + n)::text from generate_series(1, 5000) as n
    ) as t (v)`;
    expect(row).toEqual({ found: 0 });
  });

  it("4.1a agrees with the detector at the entries", async () => {
    const texts = corpus();
    const rows = await sql`select t.v, payments_private.holds_card_number(t.v) as found
      from unnest(${texts}::text[]) as t (v)`;
    const different = rows.filter(({ v, found }) => containsCardNumber(v) !== found);
    expect(different).toEqual([]);
    expect(rows.filter(({ found }) => found).length).toBeGreaterThan(50);
    expect(rows.filter(({ found }) => !found).length).toBeGreaterThan(50);
  });

  it("4.1a runs under the purge task, once a day and when it is named", async () => {
    expect((await runTasks(["purge"])).purge?.failed).toBe(0);
    // who was overtaken by another worker hears what that one found
    expect((await rpcAs("payments_worker", "scan_for_cards", { p_forced: false })).data)
      .toMatchObject({
        due: false,
        finished: true,
        blocks: expect.any(Number),
        found: 0,
      });
    const [audit] =
      await sql`select detail from audit.audit_logs where action = 'card_scan.finished'
      order by occurred_at desc limit 1`;
    expect(audit?.["detail"]).toMatchObject({ found: 0, blocks: expect.any(Number) });
  });

  it("4.1a goes on where it was stopped", async () => {
    await sql.begin(async (tx) => {
      await tx`update payments_private.card_scan set finished_at = null, started_at = now()`;
      await tx`delete from payments_private.card_scan_parts`;
      await tx`insert into payments_private.card_scan_parts (schema_name, table_name, blocks, scanned)
        values ('payments', 'products', 1, 1), ('payments', 'prices', 1, 0)`;
      await tx`select payments_private.begin_card_scan(true)`;
      expect(
        await tx`select table_name, scanned::int from payments_private.card_scan_parts order by 1`,
      ).toEqual([
        { table_name: "prices", scanned: 0 },
        { table_name: "products", scanned: 1 },
      ]);
      const [first] = await tx`select payments_private.scan_next_blocks(64)::int as blocks`;
      const [second] = await tx`select payments_private.scan_next_blocks(64)::int as blocks`;
      expect([first?.["blocks"], second?.["blocks"]]).toEqual([1, 0]);
      throw new Undo();
    }).catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error;
    });
  });
});

describe("what is stored of a card", () => {
  it.each([
    ["card_last4", "42424", "last4_is_four_digits"],
    ["card_last4", "4242424242424242", "last4_is_four_digits"],
    ["card_brand", "4242424242424242", "brand_is_a_word"],
    ["card_exp_month", 13, "expiry_is_a_month"],
    ["card_exp_year", 42_424_242, "expiry_is_a_year"],
    ["type", "card 4242", "type_is_a_word"],
  ])(
    "4.1b is no more than brand, last four and expiry: %s refuses %s",
    async (column, value, constraint) => {
      const row = { id: "pm_canary", type: "card", created_at: new Date(), [column]: value };
      expect(await constraintOf(sql`insert into payments.payment_methods ${sql(row)}`))
        .toBe(constraint);
    },
  );
});

/** Card numbers, near misses and innocent texts, as people and programs write them. */
function corpus(): string[] {
  const numbers = [
    "4242424242424242",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "2200000000000004",
    "378282246310005",
    "30569309025904",
    "3530111333300000",
    "6011111111111117",
    "6759649826438453",
    "4242424242424241",
    "1234567812345678",
    "5555555555554445",
    "0000000000000000",
    "20261124004100",
  ];
  const inFours = (text: string, by: string) => text.replace(/(\d{4})(?=\d)/g, `$1${by}`);
  const dress = [
    (n: string) => n,
    (n: string) => `pay ${n} please`,
    (n: string) => inFours(n, " "),
    (n: string) => inFours(n, "-"),
    (n: string) => inFours(n, "."),
    (n: string) => inFours(n, "_"),
    (n: string) => inFours(n, "\u2013"),
    (n: string) => inFours(n, "\u00a0"),
    (n: string) => inFours(n, "  "),
    (n: string) => `x${n}`,
    (n: string) => `${n}é`,
    (n: string) => `_${n}_`,
    (n: string) => `123 ${n}`,
    (n: string) => `{"a":"${n}"}`,
    (n: string) => `${n}${n}`,
    (n: string) => n.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    (n: string) => n.replace(/\d/g, (digit) => String.fromCodePoint(0x0660 + Number(digit))),
    (n: string) => n.replace(/\d/g, (digit) => String.fromCodePoint(0x0966 + Number(digit))),
    (n: string) => `${n.slice(0, 8)}-1234-4123-8123-${n.slice(0, 12).padEnd(12, "0")}`,
  ];
  return numbers.flatMap((number) => dress.map((put) => put(number)));
}
