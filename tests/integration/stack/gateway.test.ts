import { Buffer } from "node:buffer";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Stack } from "../../../dev/stack/start-stack.ts";
import { startFixtureStack } from "./fixture-stack.ts";

let stack: Stack;
const origin = "https://shop.example";

beforeAll(async () => {
  stack = await startFixtureStack();
});
afterAll(() => stack.stop());

describe("functions", () => {
  test("see the path that hosted Supabase gives them, with the query", async () => {
    const { path, search, method } = await echo("/echo/deep/er?a=b%20c", { method: "PUT" });
    expect({ path, search, method }).toEqual({
      path: "/echo/deep/er",
      search: "?a=b%20c",
      method: "PUT",
    });
  });

  test("receive the body's bytes unchanged, with their length", async () => {
    // Not UTF-8, with a byte-order mark and a final newline: what a signature covers is bytes.
    const body = new Uint8Array([0xef, 0xbb, 0xbf, ...randomBytes(70_000), 0x0a]);
    const seen = await echo("/echo", { method: "POST", body });
    expect(seen.sha256).toBe(createHash("sha256").update(body).digest("hex"));
    expect(seen.headers["content-length"]).toBe(String(body.length));
  });

  test("receive a streamed body unchanged", async () => {
    const parts = Array.from({ length: 5 }, () => new Uint8Array(randomBytes(1_000)));
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (const part of parts) controller.enqueue(part);
        controller.close();
      },
    });
    const seen = await echo("/echo", { method: "POST", body });
    expect(seen.sha256).toBe(createHash("sha256").update(Buffer.concat(parts)).digest("hex"));
  });

  test("see who forwarded the request: one hop more, and http whatever the caller claims", async () => {
    const { headers } = await echo("/echo", {
      headers: {
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "evil.example",
        "x-forwarded-port": "443",
        "forwarded": "proto=https",
      },
    });
    const { host, port } = new URL(stack.state.supabaseUrl);
    expect(headers).toMatchObject({
      "x-forwarded-for": "203.0.113.7, 127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": host,
      "x-forwarded-port": port,
    });
    expect(headers).not.toHaveProperty("forwarded");
  });

  test("answer preflights themselves, and their CORS headers are left alone", async () => {
    const response = await fetch(`${stack.state.functionsUrl}/echo`, preflight());
    expect(response.headers.get("x-echo")).toBe("1");
    expect(response.headers.get("access-control-allow-origin")).toBe("https://only.example");
    await response.body?.cancel();
  });

  test("that do not exist are 404 in the platform's shape", async () => {
    const response = await fetch(`${stack.state.functionsUrl}/none`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      code: "NOT_FOUND",
      message: "Requested function was not found",
    });
  });

  test("run with nothing but the network of the stack and their own variables", async () => {
    for (const argument of ["env", "read", "write", "run", "net"]) {
      const response = await fetch(`${stack.state.functionsUrl}/echo/attempt/${argument}`);
      expect([argument, await response.json()]).toEqual([argument, { refused: "NotCapable" }]);
    }
  });

  test("write to a log that the stack keeps", async () => {
    await echo("/echo/say/hello", {});
    await vi.waitFor(() => expect(stack.functions.logs("echo")).toContain("said hello"));
  });

  test("come back after a crash, which answers 503 meanwhile and is in the log", async () => {
    await echo("/echo/crash", {});
    await vi.waitFor(async () => {
      const response = await fetch(`${stack.state.functionsUrl}/echo`);
      expect([response.status, await response.json()]).toEqual([503, {
        code: "BOOT_ERROR",
        message: "Function failed to start (please check logs)",
      }]);
    }, { interval: 5 });
    expect(stack.functions.logs("echo").at(-1)).toMatch(
      /^ended \(code 7\), starts again in \d+ ms$/,
    );
    await vi.waitFor(async () => {
      const response = await fetch(`${stack.state.functionsUrl}/echo`);
      await response.body?.cancel();
      expect(response.status).toBe(200);
    }, { timeout: 10_000 });
  });
});

describe("verify_jwt = true", () => {
  const guarded = (headers: Record<string, string>) =>
    fetch(`${stack.state.functionsUrl}/guarded`, { headers });

  test("refuses a call without Authorization", async () => {
    const response = await guarded({ apikey: stack.state.publishableKey });
    expect([response.status, await response.json()]).toEqual([401, {
      code: "UNAUTHORIZED_NO_AUTH_HEADER",
      message: "Missing authorization header",
    }]);
  });

  test.each([
    ["an API key in a token's place", () => stack.state.publishableKey],
    ["a token signed by somebody else", () => signToken({ alg: "HS256" }, "another secret")],
    [
      "a token without a signature",
      () => signToken({ alg: "none" }, "another secret").replace(/[^.]*$/, ""),
    ],
  ])("refuses %s", async (_what, token) => {
    const response = await guarded({ authorization: `Bearer ${token()}` });
    expect([response.status, await response.json()]).toEqual([401, {
      code: "UNAUTHORIZED_INVALID_JWT_FORMAT",
      message: "Invalid JWT",
    }]);
  });

  test("lets a signed-in user through", async () => {
    const client = createClient(stack.state.supabaseUrl, stack.state.publishableKey, {
      auth: { persistSession: false, autoRefreshToken: false },
    });
    const { error } = await client.auth.signUp({ email: "g@example.com", password: "long enough" });
    expect(error).toBeNull();
    const { data } = await client.functions.invoke("guarded", { method: "GET" });
    expect(data).toEqual({ ran: true });
  });

  test("lets a preflight through", async () => {
    const response = await fetch(`${stack.state.functionsUrl}/guarded`, preflight());
    expect(await response.json()).toEqual({ ran: true });
  });
});

describe("auth and rest", () => {
  test.each(["/auth/v1/signup", "/rest/v1/notes"])("answer a preflight for %s", async (path) => {
    const response = await fetch(stack.state.supabaseUrl + path, preflight("apikey,x-custom"));
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-headers")).toBe("apikey,x-custom");
    expect(response.headers.get("access-control-allow-methods")).toContain("PATCH");
  });

  test.each(["/auth/v1/settings", "/rest/v1/notes"])("let any origin read %s", async (path) => {
    const response = await fetch(stack.state.supabaseUrl + path, {
      headers: { origin, apikey: stack.state.publishableKey, "accept-profile": "fixture" },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    await response.body?.cancel();
  });

  test.each([
    "/",
    "/_system/config",
    "/_system/introspect",
    "/storage/v1/bucket",
    "/rest/v1/../../_system/config",
  ])(
    "do not open %s",
    async (path) => {
      const response = await fetch(stack.state.supabaseUrl + path, {
        headers: { apikey: stack.state.secretKey },
      });
      expect(response.status).toBe(404);
      await response.body?.cancel();
    },
  );
});

async function echo(path: string, init: RequestInit) {
  const response = await fetch(stack.state.functionsUrl + path, init);
  expect(response.status).toBe(200);
  return await response.json();
}

function preflight(headers = "authorization"): RequestInit {
  return {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": headers,
    },
  };
}

function signToken(header: object, secret: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode(header)}.${encode({ role: "authenticated", exp: 4_000_000_000 })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
