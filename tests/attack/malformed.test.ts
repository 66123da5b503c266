// Bodies that are not what they should be, at every function there is. A new function without an entry
// here fails.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { checkoutBody, refusal } from "../support/payments.ts";
import { utf8 } from "../support/sign-event.ts";
import { callFunction, type SignedInUser, signUp, stack } from "../support/stack.ts";

interface Door {
  /** Headers of a caller who may come in, so that the body is looked at. */
  headers: () => Record<string, string>;
  valid: () => Record<string, unknown>;
  maxBytes: number;
}

let user: SignedInUser;
beforeAll(async () => {
  user = await signUp();
});

const asUser = () => ({ authorization: `Bearer ${user.accessToken}` });

const DOORS: Record<string, Door> = {
  "create-checkout": { headers: asUser, valid: () => checkoutBody(), maxBytes: 16 * 1024 },
  "customer-portal": {
    headers: asUser,
    valid: () => ({ return_url: `${stack().webUrl}/account` }),
    maxBytes: 16 * 1024,
  },
  "sync-billing": { headers: asUser, valid: () => ({}), maxBytes: 16 * 1024 },
  "payments-worker": {
    headers: () => ({ apikey: stack().workerKey }),
    valid: () => ({ tasks: ["purge"] }),
    maxBytes: 4 * 1024,
  },
};
/** It reads nothing before the signature holds: tests/integration/functions/stripe-webhook.test.ts. */
const SIGNED = ["stripe-webhook"];

it("9.2a every function's body is attacked here", () => {
  const folder = join(stack().projectRoot, "supabase/functions");
  const functions = readdirSync(folder).filter((name) => !/^[_.]/.test(name));
  expect([...Object.keys(DOORS), ...SIGNED].toSorted())
    .toEqual(functions.filter((name) => !name.includes(".")).toSorted());
});

describe.each(Object.entries(DOORS))("%s", (name, { headers, valid, maxBytes }) => {
  const send = (body: unknown, more: Record<string, string> = {}) =>
    callFunction(name, body, { headers: { ...headers(), ...more } });
  const codesOf = async (bodies: readonly unknown[], more?: Record<string, string>) =>
    new Set(
      await Promise.all(bodies.map(async (body) => {
        const { status, code } = await refusal(await send(body, more));
        return `${status} ${code}`;
      })),
    );
  const asText = (insert: string) =>
    `{${insert}${JSON.stringify(valid()).slice(1)}`
      .replace(/,\}$/, "}");

  it("9.2a takes the body that is meant", async () => {
    const { status } = await send(valid());
    expect([200, 404]).toContain(status); // the portal has nobody to open it for
  });

  it("9.2b refuses with 400 what is no JSON document in UTF-8", async () => {
    const text = JSON.stringify(valid());
    const utf16 = new Uint8Array(new Uint16Array([...text].map((one) => one.charCodeAt(0))).buffer);
    expect(
      await codesOf([
        "",
        "{",
        `${text}${text}`,
        `\ufeff${text}`,
        `${text}\u0000`,
        `/* */${text}`,
        "{'a':1}",
        text.replace(/\}$/, ",}"),
        "{a:1}",
        "NaN",
        "undefined",
        utf16,
        new Uint8Array([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]),
      ]),
    ).toEqual(new Set(["400 bad_request"]));
  });

  it("9.2a refuses with 422 a document that is no object of the schema", async () => {
    expect(await codesOf([null, [], [valid()], "x", 1, true].map((one) => JSON.stringify(one))))
      .toEqual(new Set(["422 invalid_request"]));
  });

  it("9.2a refuses unknown keys, wherever they stand and however many there are", async () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, 1]));
    expect(
      await codesOf([
        { ...valid(), extra: 1 },
        { ...valid(), user_id: crypto.randomUUID() },
        { ...valid(), customer: "cus_1" },
        { ...valid(), "": 1 },
        { ...valid(), ...many },
      ]),
    ).toEqual(new Set(["422 invalid_request"]));
  });

  it("9.2c finds __proto__, constructor and prototype inert", async () => {
    const keys = ["__proto__", "constructor", "prototype"];
    expect(
      await codesOf([
        ...keys.map((key) => asText(`"${key}":{"valid":true},`)),
        // a key in disguise is the same key to a parser
        asText('"\\u005f_proto__":{"valid":true},'),
      ]),
    ).toEqual(new Set(["422 invalid_request"]));
    // and the isolate is what it was
    expect([200, 404]).toContain((await send(valid())).status);
  });

  it("9.2b bounds the depth: 33 levels are not parsed, 32 are refused by the schema", async () => {
    const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    expect(await codesOf([nested(33), nested(1_000), `{"a":${nested(32)}}`]))
      .toEqual(new Set(["400 bad_request"]));
    expect(await codesOf([nested(32), `{"a":${nested(31)}}`]))
      .toEqual(new Set(["422 invalid_request"]));
  });

  it("9.2b bounds the size, however it is sent", async () => {
    const padded = (bytes: number) => {
      const text = JSON.stringify(valid());
      return text + " ".repeat(bytes - text.length);
    };
    expect([200, 404]).toContain((await send(padded(maxBytes))).status);
    expect(await codesOf([padded(maxBytes + 1)])).toEqual(new Set(["413 payload_too_large"]));
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let sent = 0; sent <= maxBytes; sent += 1_000) {
          controller.enqueue(utf8(" ".repeat(1_000)));
        }
        controller.close();
      },
    });
    const streamed = await fetch(`${stack().functionsUrl}/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers() },
      body: chunks,
    });
    expect((await refusal(streamed)).code).toBe("payload_too_large");
  });

  it("9.2a takes one content type", async () => {
    const types = [
      "text/plain",
      "text/json",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/json; charset=iso-8859-1",
      "application/json, text/html",
      "application/json-patch+json",
      "application/ld+json",
      "*/*",
    ];
    for (const type of types) {
      expect([type, ...await codesOf([valid()], { "content-type": type })])
        .toEqual([type, "415 unsupported_media_type"]);
    }
  });

  it("9.2b inflates nothing: a compressed body is no JSON", async () => {
    const gzip = new CompressionStream("gzip");
    const bytes = new Blob([JSON.stringify(valid())]).stream().pipeThrough(gzip);
    const body = new Uint8Array(await new Response(bytes).arrayBuffer());
    expect(await codesOf([body], { "content-encoding": "gzip" }))
      .toEqual(new Set(["400 bad_request"]));
  });

  it("9.2a takes nothing from anywhere but the body", async () => {
    const query = new URLSearchParams({
      tasks: "purge",
      extra: "1",
      return_url: "https://evil.example",
    });
    const response = await fetch(`${stack().functionsUrl}/${name}?${query}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-http-method-override": "DELETE",
        ...headers(),
      },
      body: '{"extra":1}',
    });
    expect(await refusal(response)).toEqual({ status: 422, code: "invalid_request" });
  });
});

describe("create-checkout's fields", () => {
  it.each<[string, string]>([
    ["a number beyond all numbers", '"quantity":1e999'],
    ["a number beyond exact integers", '"quantity":9007199254740993'],
    ["minus zero", '"quantity":-0'],
    ["a number in exponent form that is no integer", '"quantity":1e-1'],
    ["a list", '"quantity":[1]'],
    ["an object that turns into a number", '"quantity":{"valueOf":1}'],
    ["a key that comes twice, the last one counting", '"quantity":1,"quantity":0'],
    ["a price with a line feed", '"quantity":1,"price":"pro_monthly\\n"'],
    ["a price with U+0000", '"quantity":1,"price":"pro\\u0000_monthly"'],
    ["a price with a lone surrogate", '"quantity":1,"price":"\\ud800"'],
    ["a price with letters that look alike", '"quantity":1,"price":"рro_monthly"'],
    ["a price that is a pattern", '"quantity":1,"price":"%"'],
    ["a price that is a filter", '"quantity":1,"price":"id.eq.x"'],
  ])("9.2a 9.2b refuses %s", async (_what, fields) => {
    const { items: _items, ...rest } = checkoutBody();
    const body = `{"items":[{"price":"pro_monthly",${fields}}],${JSON.stringify(rest).slice(1)}`;
    const response = await callFunction("create-checkout", body, user);
    expect(response.status).toBe(422);
    await response.body?.cancel();
  });
});
