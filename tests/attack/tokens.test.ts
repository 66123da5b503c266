// Callers who are not who they say, and what they may learn before they are told so.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkoutBody, refusal, subscribe, twin, until } from "../support/payments.ts";
import { functionEnv, runFunction } from "../support/run-function.ts";
import { adminSql, callFunction, type SignedInUser, signUp, stack } from "../support/stack.ts";
import { startInterceptor } from "./support/interceptor.ts";

const sql = adminSql();
afterAll(() => sql.end());

const FOR_USERS = ["create-checkout", "customer-portal", "sync-billing"];

function encode(value: unknown): string {
  return btoa(JSON.stringify(value) ?? "").replaceAll("=", "").replaceAll("+", "-")
    .replaceAll("/", "_");
}

/** Tokens that are none, made out of a genuine one. */
function forgeries(genuine: string): Record<string, string> {
  const [header = "", payload = "", signature = ""] = genuine.split(".");
  const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
  const withClaims = (changes: object) =>
    `${header}.${encode({ ...claims, ...changes })}.${signature}`;
  const withHeader = (value: unknown) => `${encode(value)}.${payload}.${signature}`;
  return {
    "three words": "aaa.bbb.ccc",
    "two parts": `${header}.${payload}`,
    "a payload of null": `${header}.${encode(null)}.${signature}`,
    "a payload that is no UTF-8": `${header}._____w.${signature}`,
    "a header that is no JSON": `a.${payload}.${signature}`,
    "a header of null": withHeader(null),
    "no algorithm": withHeader({}),
    "the algorithm none": `${encode({ alg: "none" })}.${payload}.x`,
    "the algorithm none in capitals": `${encode({ alg: "NONE" })}.${payload}.x`,
    "a number for an algorithm": withHeader({ alg: 5, kid: "x" }),
    "an unknown algorithm": withHeader({ alg: "HS999" }),
    "an RSA token without a key": withHeader({ alg: "RS256", kid: "x" }),
    "an elliptic token without a key": withHeader({ alg: "ES256", kid: "x", typ: "JWT" }),
    "another user": withClaims({ sub: crypto.randomUUID() }),
    "an expired token": withClaims({ exp: 1 }),
    "no expiry": withClaims({ exp: undefined }),
    "a word for an expiry": withClaims({ exp: "x" }),
    "a service role": withClaims({ role: "service_role" }),
    "a publishable key": stack().publishableKey,
    "a secret key": stack().secretKey,
  };
}

describe("tokens", () => {
  it.each(FOR_USERS)("5.1a %s answers 401 to whatever is not a genuine token", async (name) => {
    const user = await signUp();
    const answers = await Promise.all(
      Object.entries(forgeries(user.accessToken)).map(async ([what, accessToken]) => {
        const { status, code } = await refusal(await callFunction(name, {}, { accessToken }));
        return [what, status, code];
      }),
    );
    expect(answers).toEqual(
      Object.keys(forgeries(user.accessToken)).map((what) => [what, 401, "unauthorized"]),
    );
  });

  it("5.1a an Auth server that hangs is a 503 within seconds, not a 401 and not for ever", async () => {
    const held = Promise.withResolvers<void>();
    const auth = startInterceptor(stack().supabaseUrl);
    auth.use(async () => {
      await held.promise;
      return new Response(null, { status: 500 });
    });
    const env = functionEnv({ SUPABASE_URL: auth.url });
    const running = await runFunction("create-checkout", env, [auth.host]);
    try {
      const user = await signUp();
      const response = await fetch(running.url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${user.accessToken}`,
        },
        body: JSON.stringify(checkoutBody()),
        signal: AbortSignal.timeout(30_000),
      }).catch(() => Response.error());
      expect(response.status).toBe(503);
      expect(await refusal(response)).toEqual({ status: 503, code: "unavailable" });
      expect(response.headers.get("retry-after")).not.toBeNull();
    } finally {
      await running.stop();
      held.resolve();
      await auth.close();
    }
  });
});

describe("a session that ended", () => {
  const BAD_BODIES: [string, unknown][] = [["broken JSON", "{"], ["unknown fields", { x: 1 }]];
  let banned: SignedInUser;
  let gone: SignedInUser;

  beforeAll(async () => {
    [banned, gone] = [await signUp(), await signUp()];
    await sql`
      update auth.users set banned_until = now() + interval '1 day' where id = ${banned.user.id}`;
    await sql`delete from auth.sessions where user_id = ${gone.user.id}`;
  });

  it.each(FOR_USERS)(
    "5.1b %s answers 401 before it says what is wrong with the body",
    async (name) => {
      for (const [, body] of BAD_BODIES) {
        expect(await refusal(await callFunction(name, body, banned)))
          .toEqual({ status: 401, code: "session_ended" });
        expect((await callFunction(name, body, gone)).status).toBe(401);
      }
    },
  );

  it("5.1b a session that ends while Stripe is asked for billing gets no other's summary", async () => {
    const user = await signUp();
    await sql`delete from auth.users where id = ${user.user.id}`;
    expect((await callFunction("sync-billing", {}, user)).status).toBe(401);
  });
});

describe("paths and bodies", () => {
  const ALL = [...FOR_USERS, "stripe-webhook", "payments-worker"];

  it.each(ALL)("5.3b %s answers 404 below its own path", async (name) => {
    for (const path of ["/x", "/metrics/x", "/x?/", "/%2e%2e/customer-portal/x", `/${name}`]) {
      const headers = { apikey: stack().workerKey };
      const response = await callFunction(`${name}${path}`, {}, { headers });
      expect([path, await refusal(response)])
        .toEqual([path, { status: 404, code: "not_found" }]);
    }
  });

  it("9.2b sync-billing takes no customer, user or ticket from a body", async () => {
    const user = await signUp();
    for (const body of [{ customer_id: "cus_x" }, { user_id: user.user.id }, [], null, "x", 1]) {
      const response = await callFunction("sync-billing", JSON.stringify(body), user);
      expect(await refusal(response)).toEqual({ status: 422, code: "invalid_request" });
    }
    const response = await callFunction("sync-billing", '{"__proto__":{"user_id":"x"}}', user);
    expect(response.status).toBe(422);
  });
});

describe("the portal", () => {
  it("8: the flow cancel for a subscription that ends already answers 404", async () => {
    const user = await signUp();
    const id = await subscribe(user);
    await twin(`subscriptions/${id}/cancel`, { at_period_end: true });
    await until(async () => {
      const [row] = await sql`
        select cancel_at_period_end as ends from payments.subscriptions where id = ${id}`;
      return row?.["ends"];
    });
    const body = { return_url: stack().webUrl, flow: "cancel" };
    expect(await refusal(await callFunction("customer-portal", body, user)))
      .toEqual({ status: 404, code: "no_subscription" });
    expect((await callFunction("customer-portal", { ...body, flow: "manage" }, user)).status)
      .toBe(200);
  });
});
