import { describe, expect, it } from "vitest";
import { FUNCTION_NAMES } from "../../supabase/functions/_shared/config.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import {
  checkoutBody,
  deliver,
  eventBody,
  nowSeconds,
  openCheckout,
  stripeId,
  twin,
} from "../support/payments.ts";
import { functionEnv, runFunction, type RunningFunction } from "../support/run-function.ts";
import { signatureHeader, utf8 } from "../support/sign-event.ts";
import { callFunction, signUp, stack, stackProcess } from "../support/stack.ts";

/** Everything that must never come out, by what it is. */
function secrets(): Record<string, string> {
  return {
    "the Stripe key": stack().stripeSecretKey,
    "the webhook secret": stack().webhookSecret,
    ...Object.fromEntries(
      Object.entries(stack().secretKeys).map(([name, key]) => [`secret key ${name}`, key]),
    ),
  };
}

async function outputOf(response: Response): Promise<string> {
  return JSON.stringify([...response.headers]) + await response.text();
}

function expectNoSecret(output: string): void {
  for (const [name, secret] of Object.entries(secrets())) {
    expect(output.includes(secret), `${name} came out`).toBe(false);
  }
}

describe("secrets", () => {
  it("2.1a are in no response and no log line on any error path of the running functions", async () => {
    const user = await signUp();
    const secret = Object.values(secrets()).join(" ");
    const responses: Response[] = [];
    for (const name of FUNCTION_NAMES) {
      responses.push(
        await callFunction(name, undefined, { method: "GET" }),
        await callFunction(name, "{", user),
        await callFunction(
          name,
          { [secret]: secret, mode: secret, items: [{ price: secret }] },
          user,
        ),
        await callFunction(name, secret, {
          ...user,
          headers: { "content-type": secret.slice(0, 40) },
        }),
        await callFunction(name, {}, {
          headers: { authorization: `Bearer ${secret}`, apikey: secret },
        }),
        await callFunction(name, "x".repeat(2 * 1024 * 1024), user),
        await callFunction(name, {}, { headers: { "x-request-id": secret.slice(0, 100) } }),
      );
    }
    const body = eventBody({
      type: secret.slice(0, 200),
      object: { id: secret.slice(0, 200), object: "x" },
    });
    responses.push(await deliver(body), await deliver(body, { signature: secret.slice(0, 300) }));
    responses.push(await deliver(utf8(JSON.stringify({ id: secret }))));
    const outputs = await Promise.all(responses.map(outputOf));
    for (const output of outputs) expectNoSecret(output);
    for (const name of FUNCTION_NAMES) {
      expectNoSecret((await stackProcess.functionLogs(name)).join("\n"));
    }
  });

  it("2.1a are in no response and no log line while Stripe fails in every way", async () => {
    const user = await signUp();
    for (const kind of ["500", "429", "garbage"]) {
      await twin("faults", { api: [{ kind, probability: 1 }] });
      try {
        expectNoSecret(await outputOf(await callFunction("create-checkout", checkoutBody(), user)));
      } finally {
        await twin("faults", {});
      }
    }
    await openCheckout(user);
    for (const name of FUNCTION_NAMES) {
      expectNoSecret((await stackProcess.functionLogs(name)).join("\n"));
    }
  });

  it("2.1a are in no response and no log line when Auth and the database answer with them", async () => {
    // the worst upstream: it quotes every secret in its errors
    const quote = () =>
      Response.json({ message: Object.values(secrets()).join(" "), code: "XX000" }, {
        status: 400,
      });
    const proxy = startCountingProxy(stack().supabaseUrl, quote);
    const hosts = [new URL(proxy.url).host, new URL(stack().stripeUrl).host];
    const running: RunningFunction[] = [];
    try {
      for (const name of FUNCTION_NAMES) {
        const one = await runFunction(name, functionEnv({ SUPABASE_URL: proxy.url }), hosts);
        running.push(one);
        const payload = eventBody({
          type: "product.created",
          object: { id: stripeId("prod"), object: "product", active: true, name: "x", created: 1 },
        });
        const response = await fetch(one.url, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            apikey: stack().workerKey,
            authorization: `Bearer ${(await signUp()).accessToken}`,
            "stripe-signature": await signatureHeader(payload, stack().webhookSecret, nowSeconds()),
          },
          body: name === "stripe-webhook" ? payload : "{}",
        });
        expect(response.status).toBeGreaterThanOrEqual(400);
        expectNoSecret(await outputOf(response));
        expectNoSecret(one.logs().join("\n"));
      }
    } finally {
      for (const one of running) await one.stop();
      await proxy.close();
    }
  });

  it("2.1a are in no response and no log line when the configuration is refused because of them", async () => {
    const swapped = {
      SUPABASE_SECRET_KEYS: stack().webhookSecret,
      STRIPE_WEBHOOK_SECRETS: stack().stripeSecretKey,
      STRIPE_SECRET_KEY: stack().webhookSecret,
      PAYMENTS_ENV: stack().stripeSecretKey,
      PAYMENTS_ENCRYPTION_KEYS: JSON.stringify({
        [stack().stripeSecretKey]: stack().webhookSecret,
      }),
    };
    for (const name of FUNCTION_NAMES) {
      const running = await runFunction(name, functionEnv(swapped), []);
      try {
        const response = await fetch(running.url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: "{}",
        });
        expect(response.status).toBe(503);
        expectNoSecret(await outputOf(response));
        expectNoSecret(running.logs().join("\n"));
      } finally {
        await running.stop();
      }
    }
  });
});
