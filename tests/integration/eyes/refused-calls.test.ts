import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseOpenMetrics } from "../../support/open-metrics.ts";
import { until } from "../../support/payments.ts";
import { runTasks } from "../../support/pipeline.ts";
import { adminSql, signUp, stack } from "../../support/stack.ts";

const sql = adminSql();
const LIMIT = 20;

async function calm(): Promise<void> {
  await sql`delete from payments_private.rate_refusals`;
  await sql`delete from payments_private.operation_counts`;
  await sql`delete from payments_private.operation_minutes`;
  await sql`delete from payments_private.alerts where rule = 'refused_calls'`;
}

beforeEach(async () => {
  await calm();
  await sql`update payments_private.alert_rules set threshold = ${LIMIT} where rule = 'refused_calls'`;
});
afterEach(async () => {
  await calm();
  await sql`update payments_private.alert_rules set threshold = 1000 where rule = 'refused_calls'`;
});
afterAll(() => sql.end());

/** Somebody asks for what is staff's, over and over; resolves to who. */
async function askInVain(times: number): Promise<string> {
  const outsider = await signUp();
  const ask = () => outsider.client.schema("payments").rpc("staff_me");
  await Promise.all(Array.from({ length: times }, ask));
  return outsider.user.id;
}

async function alerts() {
  await runTasks(["detect"]);
  return [
    ...await sql`select subject, severity, detail, occurrences, resolved_at is not null as over
      from payments_private.alerts where rule = 'refused_calls' order by first_seen_at`,
  ];
}

async function metric(bucket: string): Promise<number | undefined> {
  const response = await fetch(`${stack().functionsUrl}/payments-worker/metrics`, {
    headers: { apikey: stack().workerKey },
  });
  return parseOpenMetrics(await response.text()).flatMap(({ samples }) => samples)
    .find(({ name, labels }) => name === "payments_refused_calls" && labels["bucket"] === bucket)
    ?.value;
}

describe("a flood of refused calls", () => {
  it("8.2c is a metric, those beyond the audited ones too", async () => {
    await askInVain(12);
    expect(await metric("staff")).toBe(12);
    expect(await metric("user")).toBe(0);
    await sql`update payments_private.rate_refusals set window_at = window_at - interval '20 minutes'`;
    expect(await metric("staff")).toBe(0);
  });

  it("8.2a of staff's procedures is told once, with whom it comes from", async () => {
    const who = await askInVain(LIMIT + 1);
    const told = {
      subject: "staff",
      severity: "warning",
      detail: { refusals: LIMIT + 1, most_by: `${who} console.open forbidden` },
      occurrences: 1,
      over: false,
    };
    expect(await alerts()).toEqual([told]);
    const next = await askInVain(LIMIT + 5);
    // it says who goes on, and people are woken once
    const detail = { refusals: 2 * LIMIT + 6, most_by: `${next} console.open forbidden` };
    expect(await alerts()).toEqual([{ ...told, detail }]);
  });

  it("8.2a closes when its rule is switched off", async () => {
    await askInVain(LIMIT + 1);
    expect(await alerts()).toMatchObject([{ over: false }]);
    await sql`update payments_private.alert_rules set enabled = false where rule = 'refused_calls'`;
    try {
      expect(await alerts()).toMatchObject([{ over: true }]);
    } finally {
      await sql`update payments_private.alert_rules set enabled = true where rule = 'refused_calls'`;
    }
  });

  it("8.2a closes itself when half of it is over, and not before", async () => {
    await askInVain(LIMIT + 1);
    await alerts();
    await sql`update payments_private.rate_refusals set refusals = ${LIMIT / 2}`;
    expect(await alerts()).toMatchObject([{ over: false }]);
    await sql`update payments_private.rate_refusals set refusals = ${LIMIT / 2 - 1}`;
    expect(await alerts()).toMatchObject([{ over: true }]);
  });

  it("8.2a by a limit is told, from many subjects together", async () => {
    await sql`insert into payments_private.rate_refusals (bucket, subject, window_at, refusals)
      select 'address', 'hash' || n, date_bin('10 minutes', now(), 'epoch'), n from generate_series(1, 6) as n`;
    expect(await alerts()).toMatchObject([
      { subject: "address", detail: { refusals: 21, most_by: "hash6" } },
    ]);
  });

  it("8.2a at a function is told, for want of a session", async () => {
    const ask = async () => {
      const response = await fetch(`${stack().functionsUrl}/customer-portal`, {
        method: "POST",
        headers: { "content-type": "application/json", apikey: stack().publishableKey },
        body: "{}",
      });
      await response.body?.cancel();
      return response.status;
    };
    expect(new Set(await Promise.all(Array.from({ length: LIMIT }, ask)))).toEqual(new Set([401]));
    const told = await until(async () => (await alerts())[0]); // flushed once a second
    expect(told).toMatchObject({ subject: "customer-portal", detail: { refusals: LIMIT } });
  });

  it("8.2a a few are told to nobody", async () => {
    await askInVain(LIMIT - 1);
    expect(await alerts()).toEqual([]);
  });
});
