import { beforeEach, describe, expect, it } from "vitest";
import type { Config } from "../../../supabase/functions/_shared/config.ts";
import { endpoint, type EndpointSpec } from "../../../supabase/functions/_shared/endpoint.ts";
import { PaymentError } from "../../../supabase/functions/_shared/errors.ts";
import type { Operation } from "../../../supabase/functions/_shared/operations.ts";
import { ok } from "../../../supabase/functions/_shared/respond.ts";
import { readSurroundings } from "../../../supabase/functions/_shared/surroundings.ts";
import { developmentEnv, productionEnv } from "../../support/function-env.ts";

const lines: string[] = [];
const operations: Operation[] = [];
beforeEach(() => {
  operations.length = 0;
  lines.length = 0;
});

function functionWith(
  env: Record<string, string>,
  handle: EndpointSpec<Config>["handle"] = () => Promise.resolve(ok({ fine: true })),
) {
  // what it would write to a database is the recorder's own matter
  const { record: _record, ...surroundings } = readSurroundings(
    "create-checkout",
    env,
    (config) => config,
  );
  return endpoint<Config>({
    name: "create-checkout",
    methods: ["POST"],
    maxBodyBytes: 64,
    browser: true,
    surroundings: { ...surroundings, record: (operation) => operations.push(operation) },
    handle,
    writeLog: (line) => lines.push(line),
  });
}

function post(options: RequestInit & { headers?: Record<string, string> } = {}): Request {
  return new Request("https://project.example/functions/v1/create-checkout", {
    method: "POST",
    body: "{}",
    ...options,
    headers: { "content-type": "application/json", ...options.headers },
  });
}

async function codeOf(response: Response): Promise<string> {
  return (await response.json()).code;
}

/** docs/functions.md promises these. */
const SECURITY_HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
  "X-Content-Type-Options": "nosniff",
};

describe("every request", () => {
  it.each([
    ["ok", post()],
    ["preflight", new Request("https://x.example/", { method: "OPTIONS" })],
    ["method_not_allowed", new Request("https://x.example/", { method: "DELETE" })],
    ["unsupported_media_type", post({ headers: { "content-type": "text/plain" } })],
    ["payload_too_large", post({ body: "x".repeat(65) })],
  ])("8.2c leaves its outcome, latency and request id: %s", async (code, request) => {
    const response = await functionWith(developmentEnv())(request);
    expect(operations).toMatchObject([{ code, requestId: response.headers.get("x-request-id") }]);
    expect(operations[0]?.durationMs).toBeGreaterThanOrEqual(0);
  });

  it("8.2c is counted as what it was when a handler throws", async () => {
    await functionWith(developmentEnv(), () => Promise.reject(new PaymentError("on_hold")))(post());
    await functionWith(developmentEnv(), () => Promise.reject(new Error("canary")))(post());
    expect(operations.map(({ code }) => code)).toEqual(["on_hold", "unavailable"]);
  });

  it("8.1b shows nothing of its body, headers or query in a log line", async () => {
    const canary = "canary4711";
    const request = new Request(`https://x.example/functions/v1/create-checkout?q=${canary}`, {
      method: "POST",
      body: JSON.stringify({ name: canary }),
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${canary}`,
        cookie: canary,
        "user-agent": canary,
        "x-request-id": canary,
        "x-forwarded-for": canary,
        origin: `https://${canary}.example`,
      },
    });
    for (const thrown of [null, new Error(canary), { message: canary, stack: canary }]) {
      await functionWith(
        developmentEnv(),
        () => thrown === null ? Promise.resolve(ok({})) : Promise.reject(thrown),
      )(request.clone());
    }
    expect(lines.length).toBeGreaterThanOrEqual(3);
    expect(lines.join("\n")).not.toContain(canary);
  });
});

describe("every response", () => {
  it.each([
    ["a success", post(), 200],
    ["a wrong method", new Request("https://x.example/", { method: "DELETE" }), 405],
    ["a wrong type", post({ headers: { "content-type": "text/plain" } }), 415],
    ["a preflight", new Request("https://x.example/", { method: "OPTIONS" }), 204],
  ])("4.3b carries the security headers: %s", async (_what, request, status) => {
    const response = await functionWith(developmentEnv())(request);
    expect(response.status).toBe(status);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      expect(response.headers.get(name), name).toBe(value);
    }
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("4.3b never echoes a caller's request id", async () => {
    const request = post({ headers: { "x-request-id": "forged" } });
    const response = await functionWith(developmentEnv())(request);
    expect(response.headers.get("x-request-id")).not.toBe("forged");
  });

  it.each([
    ["an allowed origin", "https://shop.example", "https://shop.example"],
    ["another origin", "https://evil.example", null],
    ["a suffix of an allowed one", "https://shop.example.evil.example", null],
    ["another scheme", "http://shop.example", null],
    ["null", "null", null],
  ])("4.3b grants CORS exactly: %s", async (_what, origin, granted) => {
    for (const method of ["OPTIONS", "POST"]) {
      const request = method === "POST"
        ? post({ headers: { origin } })
        : new Request("https://x.example/", { method, headers: { origin } });
      const response = await functionWith(developmentEnv())(request);
      expect(response.headers.get("access-control-allow-origin")).toBe(granted);
      expect(response.headers.get("vary")).toContain("Origin");
    }
  });
});

describe("refusals", () => {
  it.each(["http", "HTTP", "https,http", "http, https", "ws", ""])(
    "3.3a refuses the forwarded protocol %j in production, without a redirect",
    async (protocol) => {
      const request = post({ headers: { "x-forwarded-proto": protocol } });
      const response = await functionWith(productionEnv())(request);
      expect(response.status).toBe(403);
      expect(await codeOf(response)).toBe("https_required");
      expect(response.headers.get("location")).toBeNull();
    },
  );

  it("3.3a lets http through in development", async () => {
    const request = post({ headers: { "x-forwarded-proto": "http" } });
    expect((await functionWith(developmentEnv())(request)).status).toBe(200);
  });

  it("3.1c refuses a body over the limit by its declared and by its real length", async () => {
    const declared = post({ body: "x".repeat(65) });
    expect(await codeOf(await functionWith(developmentEnv())(declared))).toBe("payload_too_large");

    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let index = 0; index < 10; index++) controller.enqueue(new Uint8Array(10));
        controller.close();
      },
    });
    const streamed = post({ body: chunks });
    expect(streamed.headers.get("content-length")).toBeNull();
    expect(await codeOf(await functionWith(developmentEnv())(streamed))).toBe("payload_too_large");
  });

  it("3.1c accepts a body of exactly the limit", async () => {
    expect((await functionWith(developmentEnv())(post({ body: "x".repeat(64) }))).status).toBe(200);
  });

  it.each(["text/plain", "application/jsonp", "application/x-www-form-urlencoded", ""])(
    "9.2a refuses the content type %j",
    async (type) => {
      const response = await functionWith(developmentEnv())(
        post({ headers: { "content-type": type } }),
      );
      expect(response.status).toBe(415);
    },
  );

  it("9.1a tells the first of several refusals in the contract's order", async () => {
    const { STRIPE_SECRET_KEY: _removed, ...broken } = productionEnv();
    const call = functionWith(broken);
    const http = { "x-forwarded-proto": "http" };
    const long = "x".repeat(65);
    const text = { "content-type": "text/plain" };
    const requests: [number, Request][] = [
      [405, new Request("https://x.example/", { method: "PUT", body: long, headers: http })],
      [403, post({ headers: { ...http, ...text }, body: long })],
      [413, post({ headers: text, body: long })],
      [415, post({ headers: text })],
      [503, post()],
    ];
    for (const [status, request] of requests) expect((await call(request)).status).toBe(status);
  });
});

describe("configuration", () => {
  it.each(Object.keys(developmentEnv()))(
    "2.1b answers 503 and calls nobody when %s is needed and missing",
    async (variable) => {
      const { [variable]: _removed, ...env } = developmentEnv();
      let handled = false;
      const call = functionWith(env, () => {
        handled = true;
        return Promise.resolve(ok({}));
      });
      const response = await call(post());
      const isNeeded = !/^(STRIPE_WEBHOOK_SECRETS|PAYMENTS_AUDIT_.*)$/.test(variable);
      expect(handled).toBe(!isNeeded);
      expect(response.status).toBe(isNeeded ? 503 : 200);
      if (!isNeeded) return;
      expect(await codeOf(response)).toBe("misconfigured");
      expect(lines.join("\n")).toContain(`${variable} is not set`);
    },
  );

  it("9.1b keeps the reason in the log and out of the response", async () => {
    const { STRIPE_SECRET_KEY: _removed, ...env } = developmentEnv();
    const response = await functionWith(env)(post());
    const body = await response.text();
    expect(body).not.toContain("STRIPE");
    const requestId = response.headers.get("x-request-id") ?? "";
    expect(lines.some((line) => line.includes(requestId) && line.includes("STRIPE_SECRET_KEY")))
      .toBe(true);
  });
});

describe("the last resort", () => {
  const CANARY = "canary-d41d8cd98f00b204";

  it.each<[string, unknown]>([
    ["an Error", new Error(CANARY)],
    ["a TypeError with a cause", new TypeError(CANARY, { cause: new Error(CANARY) })],
    ["null", null],
    ["undefined", undefined],
    ["a string", CANARY],
    ["an object", { message: CANARY, stack: CANARY }],
    ["a hostile object", {
      get name(): string {
        throw new Error(CANARY);
      },
    }],
    ["a symbol", Symbol(CANARY)],
  ])("9.1c survives throwing %s and shows nothing of it", async (_what, thrown) => {
    const response = await functionWith(developmentEnv(), () => Promise.reject(thrown))(post());
    const body = await response.text();
    expect(response.status).toBe(503);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(JSON.parse(body)).toEqual({
      type: "urn:problem:payments:unavailable",
      title: "The service is not available right now",
      status: 503,
      code: "unavailable",
      request_id: response.headers.get("x-request-id"),
    });
    expect(body + [...response.headers].join() + lines.join()).not.toContain(CANARY);
    expect(body).not.toMatch(/\bat .+:\d+:\d+/);
  });

  it("9.1a answers with problem+json whose code is from the closed list", async () => {
    const refuse = () =>
      Promise.reject(
        new PaymentError("invalid_request", { fields: [{ path: "mode", code: "required" }] }),
      );
    const response = await functionWith(developmentEnv(), refuse)(post());
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toEqual({
      type: "urn:problem:payments:invalid_request",
      title: "Some fields are not valid",
      status: 422,
      code: "invalid_request",
      request_id: response.headers.get("x-request-id"),
      errors: [{ path: "mode", code: "required" }],
    });
  });

  it("9.1b logs an internal detail under the request id and does not send it", async () => {
    const refuse = () => Promise.reject(new PaymentError("stripe_failed", { detail: CANARY }));
    const response = await functionWith(developmentEnv(), refuse)(post());
    const requestId = response.headers.get("x-request-id") ?? "";
    expect(await response.text()).not.toContain(CANARY);
    expect(lines.some((line) => line.includes(requestId) && line.includes(CANARY))).toBe(true);
  });
});
