import { afterAll, afterEach, describe, expect, it } from "vitest";
import { fingerprint } from "../../../supabase/functions/_shared/hex.ts";
import { eventBody, openCheckout, outcomeOf, stripeId, until } from "../../support/payments.ts";
import { runTasks } from "../../support/pipeline.ts";
import { adminSql, rpcAs, signUp, stack } from "../../support/stack.ts";
import { payments } from "./support.ts";

const sql = adminSql();
const INVENTED = "0123456789abcdef";
afterEach(async () => {
  await sql`delete from payments_private.key_uses where fingerprint = ${INVENTED}`;
  await sql`delete from payments_private.alerts where rule = 'key_age'`;
});
afterAll(() => sql.end());

function product(): Record<string, unknown> {
  return { id: stripeId("prod"), object: "product", active: true, name: "x", created: 1 };
}

async function ageOf(first: string, last: string): Promise<void> {
  await sql`insert into payments_private.key_uses (fingerprint, kind, used_by, first_used_at, last_used_at)
    values (${INVENTED}, 'webhook_secret', 'stripe', now() - ${first}::interval, now() - ${last}::interval)
    on conflict (fingerprint) do update set first_used_at = excluded.first_used_at, last_used_at = excluded.last_used_at`;
}

async function openAlerts() {
  return [
    ...await sql`select subject, severity from payments_private.alerts
    where rule = 'key_age' and resolved_at is null`,
  ];
}

describe("payments keys", () => {
  it("2.1d lists each secret by fingerprint, with its age and its last use, and never the secret", async () => {
    await outcomeOf(eventBody({ type: "product.created", object: product() }));
    await openCheckout(await signUp());
    await until(async () =>
      // told with the statistics, a second later
      (await sql`select from payments_private.key_uses
        where used_by in ('stripe-webhook', 'payments-worker')`).length === 2
    );
    const env = {
      PAYMENTS_DB_URL: stack().dbUrl,
      STRIPE_WEBHOOK_SECRETS: `whsec_${"n".repeat(32)},${stack().webhookSecret}`,
      SUPABASE_SECRET_KEYS: JSON.stringify(stack().secretKeys),
    };
    const { out } = await payments(["keys", "list", "--json"], env);
    const { keys } = JSON.parse(out);
    const checkoutKey = stack().secretKeys["payments_checkout"] ?? "";
    expect(keys).toContainEqual(expect.objectContaining({
      fingerprint: await fingerprint(stack().webhookSecret),
      kind: "webhook_secret",
      configured: "2",
      used_by: "stripe",
      state: "in use",
    }));
    expect(keys).toContainEqual(expect.objectContaining({
      fingerprint: await fingerprint(checkoutKey),
      configured: "payments_checkout",
      used_by: "checkout",
      state: "in use",
    }));
    for (
      const [name, used_by] of [
        ["payments_webhook", "stripe-webhook"],
        ["payments_worker", "payments-worker"],
      ] as const
    ) {
      expect(keys).toContainEqual(expect.objectContaining({
        fingerprint: await fingerprint(stack().secretKeys[name] ?? ""),
        configured: name,
        used_by,
        state: "in use",
      }));
    }
    expect(keys).toContainEqual(expect.objectContaining({
      fingerprint: await fingerprint(`whsec_${"n".repeat(32)}`),
      configured: "1",
      state: "not used yet",
    }));
    const text = (await payments(["keys"], env)).out;
    expect(text).toContain("payments_checkout");
    expect(out + text).not.toContain(stack().webhookSecret);
    expect(out + text).not.toContain(checkoutKey);
  });

  it("2.1d what a function tells of its own key hides no use of another", async () => {
    await sql.begin(async (tx) => {
      await tx`delete from payments_private.key_uses`;
      await tx`select payments_private.note_own_key(${INVENTED}, 'payments-worker')`;
      await tx`update payments_private.processed_events set received_at = now() - interval '5 hours'`;
      await tx`select payments_private.note_key_uses()`;
      const rows = await tx`select kind from payments_private.key_uses
        where fingerprint = ${await fingerprint(stack().webhookSecret)}`;
      expect(rows).toEqual([{ kind: "webhook_secret" }]);
      await tx.unsafe("rollback");
    });
  });

  it("2.1d nobody tells of another's secret", async () => {
    await ageOf("80 days", "3 days");
    await rpcAs("payments_worker", "record_operations", {
      p_records: [],
      p_counts: [],
      p_key_fingerprint: INVENTED,
    });
    const [row] = await sql`select used_by, last_used_at < now() - interval '2 days' as rests
      from payments_private.key_uses where fingerprint = ${INVENTED}`;
    expect(row).toEqual({ used_by: "stripe", rests: true });
  });

  it("2.1d invented keys have a bound, and hide no use of a known one", async () => {
    await sql.begin(async (tx) => {
      await tx`delete from payments_private.key_uses`;
      await tx`insert into payments_private.key_uses
        select lpad(to_hex(n), 16, '0'), 'function_key', 'payments-worker', now() - interval '3 days',
          now() - interval '3 days' from generate_series(1, 100) as n`;
      await tx`select payments_private.note_own_key(${INVENTED}, 'payments-worker')`;
      await tx`select payments_private.note_own_key(lpad('1', 16, '0'), 'payments-worker')`;
      const rows = await tx`select fingerprint from payments_private.key_uses
        where last_used_at > now() - interval '1 day'`;
      expect(rows).toEqual([{ fingerprint: "0000000000000001" }]);
      await tx.unsafe("rollback");
    });
  });

  it("2.1d keeps a secret's first use when the events it verified then are purged", async () => {
    const id = await fingerprint(stack().webhookSecret);
    await runTasks(["purge"]);
    await sql`update payments_private.key_uses set first_used_at = now() - interval '80 days'
      where fingerprint = ${id}`;
    await outcomeOf(eventBody({ type: "product.created", object: product() }));
    const { keys } = JSON.parse((await payments(["keys", "list", "--json"])).out);
    const line = keys.find((key: { fingerprint: string }) => key.fingerprint === id);
    expect(Math.round(line.first / 86_400)).toBe(80);
    expect(line.state).toBe("in use");
  });

  it("2.1d alerts once when one has been in use for 90 days, until it is out of use", async () => {
    await ageOf("89 days", "1 hour");
    await runTasks(["purge"]);
    expect(await openAlerts()).toEqual([]);
    await ageOf("91 days", "1 hour");
    await runTasks(["purge"]);
    await runTasks(["purge"]);
    expect(await openAlerts()).toEqual([{ subject: INVENTED, severity: "warning" }]);
    const old = await payments(["keys"]);
    expect(old.code).toBe(1);
    expect(old.out).toContain("payments keys rotate webhook");
    await ageOf("93 days", "3 days");
    await runTasks(["purge"]);
    expect(await openAlerts()).toEqual([]);
  });

  it("2.1d finds a secret that is used though it is not configured any more", async () => {
    const env = {
      PAYMENTS_DB_URL: stack().dbUrl,
      STRIPE_WEBHOOK_SECRETS: stack().webhookSecret,
    };
    await ageOf("2 days", "1 hour");
    const { code, out } = await payments(["keys"], env);
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`${INVENTED}.*still used, not configured`));
  });

  it("2.1d walks an operator through the overlap of two webhook secrets", async () => {
    await outcomeOf(eventBody({ type: "product.created", object: product() }));
    const rotate = async (secrets: string) =>
      JSON.parse(
        (await payments(["keys", "rotate", "webhook", "--json"], {
          PAYMENTS_DB_URL: stack().dbUrl,
          STRIPE_WEBHOOK_SECRETS: secrets,
        })).out,
      ).steps.map(({ done }: { done: boolean | null }) => done);
    const [now, other] = [stack().webhookSecret, `whsec_${"o".repeat(32)}`];
    expect(await rotate(now)).toEqual([null, false, null, null, null]);
    expect(await rotate(`${other},${now}`)).toEqual([true, true, false, false, false]);
    expect(await rotate(`${now},${other}`)).toEqual([true, true, true, true, false]);
  });

  it.each(["functions", "stripe", "encryption", "audit", "hash"])(
    "2.1d says what the rotation of %s takes",
    async (what) => {
      const { code, out } = await payments(["keys", "rotate", what], {});
      expect(code).toBe(0);
      expect(out).toMatch(/^- 1\. /);
    },
  );

  it.each([[["keys", "rotate", "all"]], [["keys", "list", "--everything"]]])(
    "2.1d refuses %j as wrong usage",
    async (argv) => expect((await payments(argv)).code).toBe(2),
  );

  it("2.1d says what is wrong with the environment", async () => {
    const env = { PAYMENTS_DB_URL: stack().dbUrl, SUPABASE_SECRET_KEYS: "sb_secret_x" };
    const { code, error } = await payments(["keys"], env);
    expect(code).toBe(2);
    expect(error).toContain("SUPABASE_SECRET_KEYS is not a JSON object");
    expect(error).not.toContain("sb_secret_x");
  });
});
