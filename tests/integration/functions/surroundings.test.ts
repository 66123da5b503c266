import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  FUNCTION_NAMES,
  type FunctionName,
  VARIABLES,
} from "../../../supabase/functions/_shared/config.ts";
import { type CountingProxy, startCountingProxy } from "../../support/counting-proxy.ts";
import { checkoutBody, eventBody, refusal, stripeId, until } from "../../support/payments.ts";
import { functionEnv, runFunction, type RunningFunction } from "../../support/run-function.ts";
import { signatureHeader } from "../../support/sign-event.ts";
import { signUp, stack } from "../../support/stack.ts";

function host(url: string): string {
  return new URL(url).host;
}

/** What a request waited for; what isolates gathered is flushed beside it, once a second (decision 13). */
function trips({ requests }: CountingProxy): string[] {
  return requests.filter((request) => request !== "POST /rest/v1/rpc/record_operations");
}

function post(url: string, headers: Record<string, string> = {}, body: BodyInit = "{}") {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
}

describe.each(FUNCTION_NAMES)("%s, as it is deployed", (name: FunctionName) => {
  const needed = Object.entries(VARIABLES).filter(([, users]) =>
    users.some((user) => user === name)
  );
  const lastNeeded = needed.at(-1)?.[0] ?? "";

  it("2.1b without a variable it needs: 503, the reason in the log, nobody is called", async () => {
    // no host is allowed: an outbound call would fail loudly
    const running = await runFunction(name, functionEnv({ [lastNeeded]: "" }), []);
    try {
      const response = await post(running.url);
      expect(await refusal(response)).toEqual({ status: 503, code: "misconfigured" });
      expect(response.headers.get("retry-after")).not.toBeNull();
      // the line comes through a pipe of its own, a little after the response
      const id = response.headers.get("x-request-id") ?? "";
      await until(() => Promise.resolve(running.logs().some((line) => line.includes(id))));
      const log = running.logs().join("\n");
      expect(log).toContain(`${lastNeeded} is not set`);
      expect(log).not.toMatch(/NotCapable|Requires net access/);
    } finally {
      await running.stop();
    }
  });

  it("3.3a outside development: 403 to forwarded http", async () => {
    const env = functionEnv({
      PAYMENTS_ENV: "staging",
      SUPABASE_URL: "https://project.example",
      STRIPE_API_BASE: "https://stripe.example",
    });
    const running = await runFunction(name, env, []);
    try {
      const response = await post(running.url, { "x-forwarded-proto": "http" });
      expect(await refusal(response)).toEqual({ status: 403, code: "https_required" });
      expect(response.headers.get("strict-transport-security")).toContain("max-age=");
    } finally {
      await running.stop();
    }
  });
});

describe("round trips", () => {
  let proxy: CountingProxy;
  const running: RunningFunction[] = [];
  beforeAll(() => {
    proxy = startCountingProxy(stack().supabaseUrl);
  });
  afterAll(async () => {
    for (const one of running) await one.stop();
    await proxy.close();
  });

  async function run(name: FunctionName): Promise<RunningFunction> {
    const hosts = [host(proxy.url), host(stack().stripeUrl)];
    const started = await runFunction(name, functionEnv({ SUPABASE_URL: proxy.url }), hosts);
    running.push(started);
    return started;
  }

  it("a webhook takes one round trip to the database, a refused one none", async () => {
    const webhook = await run("stripe-webhook");
    const object = { id: stripeId("prod"), object: "product", active: true, name: "x", created: 1 };
    const body = eventBody({ type: "product.created", object });
    const now = Math.floor(Date.now() / 1000);
    const header = await signatureHeader(body, stack().webhookSecret, now);

    const accepted = await post(webhook.url, { "stripe-signature": header }, body);
    expect(await accepted.json()).toEqual({ received: true, outcome: "applied" });
    expect(trips(proxy)).toEqual(["POST /rest/v1/rpc/ingest_event"]);

    proxy.clear();
    const forged = await post(
      webhook.url,
      { "stripe-signature": `t=${now},v1=${"0".repeat(64)}` },
      body,
    );
    expect(await refusal(forged)).toEqual({ status: 400, code: "invalid_signature" });
    expect(trips(proxy)).toEqual([]);
  });

  it("a checkout takes two, beside the Auth server's word on a symmetric token", async () => {
    const checkout = await run("create-checkout");
    const user = await signUp();
    proxy.clear();
    const response = await post(
      checkout.url,
      { authorization: `Bearer ${user.accessToken}` },
      JSON.stringify(checkoutBody()),
    );
    expect(response.status).toBe(200);
    await response.body?.cancel();
    expect(trips(proxy)).toEqual([
      "GET /auth/v1/user",
      "POST /rest/v1/rpc/authorize_checkout",
      "POST /rest/v1/rpc/record_checkout",
    ]);
  });
});

describe("I8: when the database or the Auth server is down", () => {
  const down = () => new Response("upstream is gone", { status: 502 });

  it("the webhook answers 503 with Retry-After and acknowledges nothing", async () => {
    const proxy = startCountingProxy(stack().supabaseUrl, down);
    const webhook = await runFunction("stripe-webhook", functionEnv({ SUPABASE_URL: proxy.url }), [
      host(proxy.url),
    ]);
    try {
      const body = eventBody({
        type: "product.created",
        object: { id: "prod_1", object: "product" },
      });
      const now = Math.floor(Date.now() / 1000);
      const header = await signatureHeader(body, stack().webhookSecret, now);
      const response = await post(webhook.url, { "stripe-signature": header }, body);
      expect(await refusal(response)).toEqual({ status: 503, code: "unavailable" });
      expect(response.headers.get("retry-after")).toBe("5");
    } finally {
      await webhook.stop();
      await proxy.close();
    }
  });

  it.each(["create-checkout", "customer-portal"] as const)(
    "%s answers 503, not 401",
    async (name) => {
      const proxy = startCountingProxy(stack().supabaseUrl, down);
      const running = await runFunction(name, functionEnv({ SUPABASE_URL: proxy.url }), [
        host(proxy.url),
      ]);
      try {
        const { accessToken } = await signUp();
        const response = await post(running.url, { authorization: `Bearer ${accessToken}` });
        expect(await refusal(response)).toEqual({ status: 503, code: "unavailable" });
      } finally {
        await running.stop();
        await proxy.close();
      }
    },
  );

  it("payments-worker answers 503", async () => {
    const proxy = startCountingProxy(stack().supabaseUrl, down);
    const worker = await runFunction("payments-worker", functionEnv({ SUPABASE_URL: proxy.url }), [
      host(proxy.url),
    ]);
    try {
      const response = await post(worker.url, { apikey: stack().workerKey });
      expect(await refusal(response)).toEqual({ status: 503, code: "unavailable" });
    } finally {
      await worker.stop();
      await proxy.close();
    }
  });
});

describe("asymmetric tokens", () => {
  const claims = {
    sub: crypto.randomUUID(),
    session_id: crypto.randomUUID(),
    role: "authenticated",
    aud: "authenticated",
  };

  it("5.1a are verified with the project's published keys; a foreign issuer or key is refused", async () => {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
      "verify",
    ]);
    const foreign = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
      "verify",
    ]);
    const jwk = {
      ...await crypto.subtle.exportKey("jwk", pair.publicKey),
      kid: "k1",
      alg: "ES256",
    };
    const proxy = startCountingProxy(
      stack().supabaseUrl,
      (request) =>
        new URL(request.url).pathname.endsWith("/jwks.json")
          ? Response.json({ keys: [jwk] })
          : null,
    );
    const env = functionEnv({ SUPABASE_URL: proxy.url });
    const portal = await runFunction("customer-portal", env, [host(proxy.url)]);
    try {
      const call = async (changes: Record<string, unknown>, key = pair.privateKey) => {
        const exp = Math.floor(Date.now() / 1000) + 600;
        const token = await jwt({ ...claims, exp, iss: `${proxy.url}/auth/v1`, ...changes }, key);
        const response = await post(
          portal.url,
          { authorization: `Bearer ${token}` },
          JSON.stringify({
            return_url: `${stack().webUrl}/account`,
          }),
        );
        return (await refusal(response)).code;
      };
      // a genuine token gets as far as the guard, which knows no such session
      expect(await call({})).toBe("session_ended");
      expect(proxy.requests.some((request) => request.includes("/auth/v1/user"))).toBe(false);
      expect(await call({ iss: "https://evil.example/auth/v1" })).toBe("unauthorized");
      expect(await call({ iss: undefined })).toBe("unauthorized");
      expect(await call({ aud: "other" })).toBe("unauthorized");
      expect(await call({ role: "service_role" })).toBe("unauthorized");
      expect(await call({ exp: Math.floor(Date.now() / 1000) - 60 })).toBe("unauthorized");
      expect(await call({}, foreign.privateKey)).toBe("unauthorized");
    } finally {
      await portal.stop();
      await proxy.close();
    }
  });
});

/** An ES256 token (RFC 7515). */
async function jwt(payload: Record<string, unknown>, key: CryptoKey): Promise<string> {
  const encode = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
  const signed = `${encode({ alg: "ES256", typ: "JWT", kid: "k1" })}.${encode(payload)}`;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(signed));
  return `${signed}.${
    new Uint8Array(signature).toBase64({ alphabet: "base64url", omitPadding: true })
  }`;
}
