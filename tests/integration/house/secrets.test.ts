import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FUNCTION_NAMES } from "../../../supabase/functions/_shared/config.ts";
import {
  deliver,
  eventBody,
  nowSeconds,
  runWorker,
  stripeId,
  subscribe,
} from "../../support/payments.ts";
import { adminSql, callFunction, signUp, stack, stackProcess } from "../../support/stack.ts";

const sql = adminSql();
const answers: string[] = [];
let userId = "";

afterAll(() => sql.end());

/** Every secret of the stack that its state or its control knows. */
function secrets(): string[] {
  const { secretKey, workerKey, stripeSecretKey, webhookSecret, auditSigningKey, secretKeys } =
    stack();
  return [
    ...new Set([
      secretKey,
      workerKey,
      stripeSecretKey,
      webhookSecret,
      auditSigningKey,
      ...Object.values(secretKeys),
    ]),
  ];
}

async function keep(response: Response): Promise<void> {
  answers.push(JSON.stringify([...response.headers]), await response.text());
}

// A purchase, what cannot be projected, and refusals of each kind, with secrets where they don't belong.
beforeAll(async () => {
  const user = await signUp();
  userId = user.user.id;
  await subscribe(user);
  const broken = { id: stripeId("prod"), object: "product", created: nowSeconds() };
  await keep(
    await deliver(eventBody({ id: stripeId("evt"), type: "product.updated", object: broken })),
  );
  for (const secret of secrets()) {
    const asToken = { accessToken: secret };
    await keep(await callFunction("create-checkout", { success_url: secret }, asToken));
    await keep(
      await callFunction("create-checkout", { [secret]: secret }, {
        accessToken: user.accessToken,
      }),
    );
    await keep(await callFunction("customer-portal", secret, { accessToken: user.accessToken }));
    await keep(
      await callFunction("stripe-webhook", secret, { headers: { "stripe-signature": secret } }),
    );
    await keep(
      await callFunction("sync-billing", { [secret]: 1 }, { accessToken: user.accessToken }),
    );
    await keep(await callFunction("payments-worker", { tasks: [secret] }, asToken));
  }
  await runWorker();
});

/** Each row of each table, and the text of each function, with where it was found. */
async function everythingIn(database: Sql): Promise<{ place: string; text: string }[]> {
  const tables = await database`
    select n.nspname as schema, c.relname as name
    from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`;
  const found = await database`
    select 'function ' || proname as place, prosrc as text from pg_catalog.pg_proc`;
  const everything = found.map((row) => ({
    place: String(row["place"]),
    text: String(row["text"]),
  }));
  for (const { schema, name } of tables) {
    const rows = await database`
      select t::text as text from ${database(String(schema))}.${database(String(name))} as t`;
    for (const row of rows) {
      everything.push({ place: `${schema}.${name}`, text: String(row["text"]) });
    }
  }
  return everything;
}

function placesOf(needle: string, texts: readonly { place: string; text: string }[]): string[] {
  return [...new Set(texts.filter(({ text }) => text.includes(needle)).map(({ place }) => place))];
}

describe("after a purchase and refusals of every kind", () => {
  it("3.1b keeps every secret of the environment out of the database", async () => {
    const everything = await everythingIn(sql);
    expect(placesOf(userId, everything)).toContain("payments.subscriptions"); // the search does find
    expect(secrets().flatMap((secret) => placesOf(secret, everything))).toEqual([]);
  });

  it("2.1a leaves no secret in any function's log", async () => {
    const logs = await Promise.all(FUNCTION_NAMES.map(async (name) => ({
      place: name,
      text: (await stackProcess.functionLogs(name)).join("\n"),
    })));
    expect(placesOf("request_id", logs)).toEqual([...FUNCTION_NAMES]);
    expect(secrets().flatMap((secret) => placesOf(secret, logs))).toEqual([]);
  });

  it("2.1a sends no secret back, not even one that the caller sent", () => {
    const sent = answers.map((text) => ({ place: "answer", text }));
    expect(placesOf("urn:problem:payments:", sent)).toEqual(["answer"]);
    expect(secrets().flatMap((secret) => placesOf(secret, sent))).toEqual([]);
  });
});
