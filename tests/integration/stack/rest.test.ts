import { createClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Stack } from "../../../dev/stack/start-stack.ts";
import { startFixtureStack } from "./fixture-stack.ts";

let stack: Stack;
let sql: postgres.Sql;

beforeAll(async () => {
  stack = await startFixtureStack({ withFunctions: false });
  sql = postgres(stack.state.dbUrl, { max: 2, ssl: false, onnotice: () => {} });
});
afterAll(async () => {
  await sql.end();
  await stack.stop();
});

describe("a named secret key", () => {
  test("acts as the database role of its name, and JSON arrives as JSON", async () => {
    const document = { text: 'quotes " and \\ and \u00fc', list: [1, null, { deep: true }] };
    const { data, error } = await clientWith("payments_webhook").rpc("echo", {
      document,
      amount: "9007199254740993",
    });
    expect(error).toBeNull();
    // As a number it would have lost its last digit; text reaches Postgres as it was sent.
    expect(data).toEqual({
      document,
      kind: "object",
      amount: "9007199254740993",
      role: "payments_webhook",
    });
  });

  test("cannot run what is granted to another role", async () => {
    const { error, status } = await clientWith("default").rpc("echo", { document: {}, amount: 1 });
    expect([status, error?.code]).toEqual([403, "42501"]);
  });

  test("is refused when authenticator was not granted its role, as hosted REST refuses it", async () => {
    const { error, status } = await clientWith("payments_sync").rpc("whoami");
    expect([status, error?.code, error?.message]).toEqual([
      403,
      "42501",
      'permission denied to set role "payments_sync"',
    ]);
  });

  test("that nobody issued is refused", async () => {
    const { status } = await createFixtureClient("sb_secret_unknown").rpc("whoami");
    expect(status).toBe(401);
  });

  test("named default is service_role", async () => {
    const { data } = await clientWith("default").rpc("whoami");
    expect(data).toBe("service_role");
  });
});

describe("a signed-in user", () => {
  test("is confirmed at once, runs as authenticated, and auth.uid() knows them", async () => {
    const { client, id, email } = await signUp();
    expect((await client.rpc("whoami")).data).toBe("authenticated");
    expect((await client.rpc("my_claims")).data).toEqual({
      uid: id,
      sub: id,
      role: "authenticated",
      email,
    });
  });

  test("sees their own rows only", async () => {
    const [one, two] = await Promise.all([signUp(), signUp()]);
    await sql`insert into fixture.notes (user_id, body) values (${one.id}, 'mine'), (${two.id}, 'theirs')`;
    const { data } = await one.client.from("notes").select("body");
    expect(data).toEqual([{ body: "mine" }]);
  });

  test("cannot write a table that grants no writes", async () => {
    const { client, id } = await signUp();
    const { error, status } = await client.from("notes").insert({ user_id: id, body: "no" });
    expect([status, error?.code]).toEqual([403, "42501"]);
  });
});

describe("without a session", () => {
  test("anon reads no rows and writes none", async () => {
    const client = createFixtureClient(stack.state.publishableKey);
    expect((await client.from("notes").select("body")).data).toEqual([]);
    const { status, error } = await client.from("notes").insert({
      user_id: crypto.randomUUID(),
      body: "no",
    });
    expect([status, error?.code]).toEqual([401, "42501"]);
  });

  test("a call without any key is refused", async () => {
    const response = await fetch(`${stack.state.supabaseUrl}/rest/v1/notes`);
    await response.body?.cancel();
    expect(response.status).toBe(401);
  });

  test("a schema that config.toml does not list is not exposed", async () => {
    const { status, error } = await createFixtureClient(stack.state.secretKey).schema("auth").from(
      "users",
    ).select();
    expect([status, error?.code]).toEqual([406, "PGRST106"]);
  });
});

describe("a statement", () => {
  test.each([["anon", "3s"], ["payments_webhook", "8s"], ["default", "8s"]])(
    "of %s is cut off after %s, as when hosted",
    async (name, expected) => {
      const client = name === "anon"
        ? createFixtureClient(stack.state.publishableKey)
        : clientWith(name);
      expect((await client.rpc("statement_timeout")).data).toBe(expected);
    },
  );
});

describe("errors", () => {
  // PostgREST's table of statuses; PA001 stands for this project's private codes.
  test.each([
    ["PA001", 400],
    ["P0001", 400],
    ["23514", 400],
    ["22023", 400],
    ["42501", 401],
    ["40001", 500],
    ["57014", 500],
    ["53300", 503],
    ["PT402", 402],
  ])(
    "with SQLSTATE %s have status %i and keep code, message, details and hint",
    async (code, expected) => {
      const { error, status } = await createFixtureClient(stack.state.publishableKey).rpc(
        "refuse",
        { code },
      );
      expect(status).toBe(expected);
      expect({ ...error }).toMatchObject({
        code,
        message: "refused by rule",
        details: "the detail",
        hint: "the hint",
      });
    },
  );
});

describe("the schema cache", () => {
  test("follows a change without a restart", async () => {
    const client = createFixtureClient(stack.state.publishableKey);
    expect((await client.rpc("added_later")).error?.code).toBe("PGRST202");
    await sql.unsafe(
      "create function fixture.added_later() returns int language sql as 'select 7'",
    );
    await vi.waitFor(async () => expect((await client.rpc("added_later")).data).toBe(7));
    await sql.unsafe("drop function fixture.added_later()");
    await vi.waitFor(async () =>
      expect((await client.rpc("added_later")).error?.code).toBe("PGRST202")
    );
  });
});

describe("a restart of Postgres", () => {
  test("is survived by auth and rest", async () => {
    await stack.postgres.restart("kill");
    await vi.waitFor(
      // a request that was sent on a lost connection may wait for ever: each try has its time
      async () =>
        expect(
          (await clientWith("default").rpc("whoami").abortSignal(AbortSignal.timeout(2_000))).data,
        )
          .toBe("service_role"),
      {
        timeout: 30_000,
      },
    );
  });
});

function createFixtureClient(key: string) {
  return createClient(stack.state.supabaseUrl, key, {
    db: { schema: "fixture" },
    auth: { persistSession: false, autoRefreshToken: false },
  });
}

function clientWith(name: string) {
  return createFixtureClient(stack.secretKeys[name] ?? "");
}

async function signUp() {
  const client = createFixtureClient(stack.state.publishableKey);
  const email = `${crypto.randomUUID()}@example.com`;
  const { data, error } = await client.auth.signUp({ email, password: "a long enough password" });
  if (error !== null || data.user === null) throw error ?? new Error("no user");
  expect(data.session).not.toBeNull();
  return { client, id: data.user.id, email };
}
