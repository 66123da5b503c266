import { afterAll, describe, expect, it } from "vitest";
import { startCountingProxy } from "../../support/counting-proxy.ts";
import { parseOpenMetrics } from "../../support/open-metrics.ts";
import { refusal, until } from "../../support/payments.ts";
import { runTasks } from "../../support/pipeline.ts";
import { functionEnv, runFunction } from "../../support/run-function.ts";
import { adminSql, callFunction, rpcAs, signUp, stack } from "../../support/stack.ts";

const sql = adminSql();
afterAll(() => sql.end());

function scrape(headers: Record<string, string> = { apikey: stack().workerKey }, method = "GET") {
  return fetch(`${stack().functionsUrl}/payments-worker/metrics`, { method, headers });
}

/** How many requests of a function ended so, as the page says. */
async function total(name: string, code: string): Promise<number> {
  await runTasks(["detect"]);
  const families = parseOpenMetrics(await (await scrape()).text());
  const found = families.flatMap(({ samples }) => samples).find(({ name: of, labels }) =>
    of === "payments_requests_total" && labels["function"] === name && labels["code"] === code
  );
  return found?.value ?? 0;
}

describe("GET payments-worker/metrics", () => {
  it("8.2c answers the worker's key in OpenMetrics, with the headers of every response", async () => {
    await runTasks(["detect"]);
    const response = await scrape();
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type"))
      .toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const families = parseOpenMetrics(await response.text());
    expect(families.map(({ name }) => name)).toContain("payments_request_duration_seconds");
  });

  it.each([
    ["nobody", {}],
    ["the publishable key", () => ({ apikey: stack().publishableKey })],
    ["the key as a bearer", () => ({ authorization: `Bearer ${stack().workerKey}` })],
  ])("8.2c is refused to %s", async (_who, headers) => {
    const response = await scrape(typeof headers === "function" ? headers() : headers);
    expect(await refusal(response)).toEqual({ status: 401, code: "unauthorized" });
  });

  it("8.2c takes GET there and POST at the function, nothing else", async () => {
    const key = { apikey: stack().workerKey, "content-type": "application/json" };
    const posted = await fetch(`${stack().functionsUrl}/payments-worker/metrics`, {
      method: "POST",
      headers: key,
      body: "{}",
    });
    expect(posted.headers.get("allow")).toBe("GET");
    expect(await refusal(posted)).toEqual({ status: 405, code: "method_not_allowed" });
    const got = await fetch(`${stack().functionsUrl}/payments-worker`, { headers: key });
    expect(await refusal(got)).toEqual({ status: 405, code: "method_not_allowed" });
  });

  it("8.2c counts each request once, however many workers add up at once", async () => {
    const before = await total("stripe-webhook", "unsupported_media_type");
    for (let n = 0; n < 7; n++) {
      const response = await fetch(`${stack().functionsUrl}/stripe-webhook`, {
        method: "POST",
        headers: { "content-type": "text/plain" },
        body: "x",
      });
      expect(response.status).toBe(415);
      await response.body?.cancel();
    }
    await until(async () => {
      await Promise.all([runTasks(["detect"]), runTasks(["detect"]), runTasks(["detect"])]);
      return await total("stripe-webhook", "unsupported_media_type") >= before + 7;
    });
    expect(await total("stripe-webhook", "unsupported_media_type")).toBe(before + 7);
  });
});

describe("records of requests", () => {
  it("8.2c a request leaves function, outcome, latency and the request id of its response", async () => {
    const response = await callFunction("sync-billing", {}, await signUp());
    const id = response.headers.get("x-request-id");
    await response.body?.cancel();
    const row = await until(async () =>
      (await sql`select function_name, code, duration_ms from payments_private.operations where request_id = ${id}`)[
        0
      ]
    );
    expect(row).toMatchObject({ function_name: "sync-billing", code: "ok" });
    expect(row["duration_ms"]).toBeGreaterThanOrEqual(0);
  });

  it("decision 13: what a stranger causes leaves no record", async () => {
    const response = await callFunction("sync-billing", {});
    const id = response.headers.get("x-request-id");
    expect(await refusal(response)).toEqual({ status: 401, code: "unauthorized" });
    // one that does leave a record comes after it, in the same flush or a later one
    const later = await callFunction("sync-billing", {}, await signUp());
    await later.body?.cancel();
    await until(async () =>
      (await sql`select from payments_private.operations where request_id = ${
        later.headers.get("x-request-id")
      }`).length === 1
    );
    expect(await sql`select from payments_private.operations where request_id = ${id}`).toEqual([]);
  });

  it("8.2c a function's key writes about its own function only", async () => {
    const id = crypto.randomUUID();
    const { error } = await rpcAs("payments_portal", "record_operations", {
      p_records: [{
        at: Date.now(),
        code: "ok",
        ms: 1,
        request_id: id,
        function_name: "stripe-webhook",
      }],
      p_counts: [],
    });
    expect(error).toBeNull();
    expect(
      await sql`select function_name from payments_private.operations where request_id = ${id}`,
    )
      .toEqual([{ function_name: "customer-portal" }]);
  });

  it("8.2c the response comes though its statistics cannot be written", async () => {
    const proxy = startCountingProxy(
      stack().supabaseUrl,
      (request) =>
        request.url.endsWith("/record_operations") ? new Response("no", { status: 500 }) : null,
    );
    const running = await runFunction("sync-billing", functionEnv({ SUPABASE_URL: proxy.url }), [
      new URL(proxy.url).host,
    ]);
    try {
      const { accessToken } = await signUp();
      const response = await fetch(running.url, {
        method: "POST",
        headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
        body: "{}",
      });
      expect(response.status).toBe(200);
      await response.body?.cancel();
      await until(() =>
        Promise.resolve(running.logs().some((line) => line.includes("operations lost")))
      );
    } finally {
      await running.stop();
      await proxy.close();
    }
  });

  it("8.2c days and minutes that are older than their class are purged, and days made ahead", async () => {
    await sql`select payments_private.ensure_operations_partitions((now() - interval '40 days')::date, 1)`;
    await sql`insert into payments_private.operation_minutes
      values (now() - interval '31 days', 'sync-billing', 'ok', 1, 1, array_fill(0::bigint, array[12])),
        (now() - interval '29 days', 'sync-billing', 'ok', 1, 1, array_fill(0::bigint, array[12]))`;
    await runTasks(["purge"]);
    const [row] = await sql`
      select (select count(*)::int from pg_inherits where inhparent = 'payments_private.operations'::regclass) as parts,
        (select count(*)::int from payments_private.operation_minutes where minute < now() - interval '28 days') as minutes`;
    expect(row).toEqual({ parts: 9, minutes: 1 });
    await sql`delete from payments_private.operation_minutes where minute < now() - interval '28 days'`;
  });
});
