import { expect, test } from "vitest";
import { ERRORS } from "../../../supabase/functions/_shared/errors.ts";
import { explainFailure } from "../../../web/src/api/explain-failure.ts";
import { readProblem } from "../../../web/src/api/read-problem.ts";

/** Refusals that the shop cannot bring about: they are answers to Stripe, or to broken clients. */
const neverMet = new Set([
  "invalid_signature",
  "wrong_livemode",
  "method_not_allowed",
  "payload_too_large",
  "unsupported_media_type",
]);

const unexpected = explainFailure({ code: "something_new", status: 418 });

test("has words of its own for every refusal that a person can meet", () => {
  const met = Object.entries(ERRORS).filter(([code]) => !neverMet.has(code));
  expect(met.length).toBeGreaterThan(10);
  for (const [code, { status }] of met) {
    expect(explainFailure({ code, status }).title, code).not.toBe(unexpected.title);
  }
});

test("has words for a status whose code is new", () => {
  for (const status of [401, 403, 404, 409, 422, 429, 502, 503]) {
    expect(explainFailure({ code: "something_new", status }).title, String(status))
      .not.toBe(unexpected.title);
  }
});

test("tells a person who is subscribed already where to go", () => {
  expect(explainFailure({ code: "already_subscribed", status: 409 }).remedy).toBe("see_account");
});

test("says what to do when nothing came back", () => {
  expect(explainFailure({ code: "network" })).toMatchObject({ remedy: "retry" });
});

test("9.1a reads code, request id and wait from a problem", async () => {
  const response = new Response(
    JSON.stringify({ title: "x", status: 429, code: "rate_limited", request_id: "req_1" }),
    { status: 429, headers: { "retry-after": "42", "content-type": "application/problem+json" } },
  );
  expect(await readProblem(response)).toEqual({
    code: "rate_limited",
    status: 429,
    requestId: "req_1",
    retryAfterSeconds: 42,
  });
});

test("9.1a survives a refusal that is no problem document", async () => {
  const response = new Response("<html>Bad gateway</html>", {
    status: 502,
    headers: { "x-request-id": "req_2", "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" },
  });
  expect(await readProblem(response)).toEqual({
    code: "http_502",
    status: 502,
    requestId: "req_2",
  });
});
