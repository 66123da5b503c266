import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { until } from "../../support/payments.ts";
import { adminSql, stack } from "../../support/stack.ts";

const sql = adminSql();
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "stripe-cli-"));
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
  await sql.end();
});

/** The real Stripe CLI, which must leave no trace in the user's own settings. */
async function trigger(event: string): Promise<void> {
  const { stripeUrl, stripeSecretKey, projectRoot } = stack();
  const { code, stdout, stderr } = await new Deno.Command(
    join(projectRoot, "node_modules/.bin/stripe"),
    {
      args: ["trigger", event, "--api-key", stripeSecretKey, "--api-base", stripeUrl],
      env: { HOME: home, XDG_CONFIG_HOME: home, STRIPE_CLI_TELEMETRY_OPTOUT: "1" },
    },
  ).output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(decoder.decode(stdout) + decoder.decode(stderr));
}

/** What of the event's object must be found in our tables: table, column, value. */
const EXPECTED: Record<string, [table: string, column: string, value: unknown]> = {
  "checkout.session.completed": ["checkout_sessions", "status", "complete"],
  "customer.created": ["customers", "delinquent", false],
  "customer.subscription.created": ["subscriptions", "status", "active"],
  "customer.subscription.updated": ["subscriptions", "status", "active"],
  "customer.subscription.deleted": ["subscriptions", "status", "canceled"],
  "invoice.paid": ["invoices", "status", "paid"],
  "invoice.payment_failed": ["invoices", "status", "open"],
  "payment_intent.succeeded": ["payments", "status", "succeeded"],
  "payment_intent.payment_failed": ["payments", "status", "requires_payment_method"],
  "charge.refunded": ["refunds", "status", "succeeded"],
  "charge.dispute.created": ["disputes", "status", "warning_needs_response"],
  "price.created": ["prices", "active", true],
  "product.created": ["products", "active", true],
};

/** `charge.refunded` shows a charge, which is not mirrored; its refund comes with an event of its own. */
const ARRIVES_AS: Record<string, string> = { "charge.refunded": "refund.created" };

describe("the real Stripe CLI", () => {
  it.each(Object.entries(EXPECTED))(
    "main job: stripe trigger %s arrives in our tables",
    async (event, [table, column, value]) => {
      const type = ARRIVES_AS[event] ?? event;
      const rowsOf = () =>
        sql`select event_id, object_id, status from payments_private.processed_events
          where event_type = ${type}`;
      const before = new Set((await rowsOf()).map(({ event_id }) => event_id));
      await trigger(event);
      const row = await until(async () =>
        (await rowsOf()).find(({ event_id, status }) =>
          !before.has(event_id) && status === "applied"
        )
      );
      await until(async () => {
        const [object] = await sql`
          select ${sql(column)} as value from payments.${sql(table)} where id = ${
          row["object_id"]
        }`;
        return object?.["value"] === value;
      });
    },
  );
});
