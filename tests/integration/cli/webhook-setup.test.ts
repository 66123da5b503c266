import { afterEach, describe, expect, it } from "vitest";
import { HANDLED_EVENTS } from "../../../supabase/functions/_shared/handled-events.ts";
import { STRIPE_API_VERSION } from "../../../supabase/functions/_shared/stripe-client.ts";
import { stripeClient } from "../../support/payments.ts";
import { stack } from "../../support/stack.ts";
import { payments } from "./support.ts";

const TYPES = Object.keys(HANDLED_EVENTS).toSorted();
const stripe = stripeClient();

afterEach(async () => {
  for await (const endpoint of stripe.webhookEndpoints.list()) {
    if (endpoint.url.startsWith("https://")) await stripe.webhookEndpoints.del(endpoint.id);
  }
});

function newUrl(): string {
  return `https://${crypto.randomUUID()}.example.com/functions/v1/stripe-webhook`;
}

function setup(url: string, ...argv: string[]) {
  return payments(["webhook", "setup", "--url", url, ...argv], {
    STRIPE_SECRET_KEY: stack().stripeSecretKey,
    STRIPE_API_BASE: stack().stripeUrl,
  });
}

async function endpointAt(url: string) {
  const { data } = await stripe.webhookEndpoints.list({ limit: 100 });
  return data.find((endpoint) => endpoint.url === url);
}

describe("payments webhook setup", () => {
  it("2.3c makes an endpoint with exactly the handled events and the pinned version", async () => {
    const url = newUrl();
    expect((await setup(url)).code).toBe(0);
    const endpoint = await endpointAt(url);
    expect(endpoint?.enabled_events.toSorted()).toEqual(TYPES);
    expect(endpoint).toMatchObject({ api_version: STRIPE_API_VERSION, status: "enabled" });
  });

  it("2.3c prints the secret once, to standard output only", async () => {
    const url = newUrl();
    const first = await setup(url);
    expect(first.out).toMatch(/^STRIPE_WEBHOOK_SECRETS=whsec_\w{16,}\n$/);
    expect(first.error).not.toContain("whsec_");
    const second = await setup(url);
    expect(second).toMatchObject({ code: 0, out: expect.stringContaining("nothing to do") });
    expect(second.out).not.toContain("whsec_");
  });

  it("changes nothing in a dry run, and exits 1 when something would change", async () => {
    const url = newUrl();
    expect(await setup(url, "--dry-run")).toMatchObject({ code: 1, out: "Create the endpoint.\n" });
    expect(await endpointAt(url)).toBeUndefined();
    await setup(url);
    expect((await setup(url, "--dry-run")).code).toBe(0);
  });

  it("2.3c adds what is missing and takes away what is not handled", async () => {
    const url = newUrl();
    const { id } = await stripe.webhookEndpoints.create({
      url,
      api_version: STRIPE_API_VERSION,
      enabled_events: ["invoice.created", "invoice.paid"],
    });
    await stripe.webhookEndpoints.update(id, { disabled: true });
    const dryRun = await setup(url, "--dry-run");
    expect(dryRun.out).toContain("- invoice.created");
    expect(dryRun.out).toContain("+ invoice.voided");
    expect((await setup(url)).code).toBe(0);
    const endpoint = await endpointAt(url);
    expect(endpoint?.enabled_events.toSorted()).toEqual(TYPES);
    expect(endpoint).toMatchObject({ id, status: "enabled" });
  });

  it("2.3c refuses an endpoint of another API version, which cannot be changed", async () => {
    const url = newUrl();
    const made = await stripe.webhookEndpoints.create({
      url,
      api_version: "2025-03-31.basil",
      enabled_events: ["invoice.paid"],
    });
    const { code, out } = await setup(url);
    expect(code).toBe(1);
    expect(out).toContain(`${made.id} has another API version`);
    expect((await endpointAt(url))?.enabled_events).toEqual(["invoice.paid"]);
  });

  it("refuses to choose between two endpoints of one URL", async () => {
    const url = newUrl();
    const parameters = {
      url,
      api_version: STRIPE_API_VERSION,
      enabled_events: ["invoice.paid" as const],
    } as const;
    const params = { ...parameters, enabled_events: [...parameters.enabled_events] };
    await stripe.webhookEndpoints.create(params);
    await stripe.webhookEndpoints.create(params);
    expect(await setup(url)).toMatchObject({ code: 1, out: expect.stringContaining("Several") });
  });

  it.each([
    ["sk_live_canary0canary0canary0", "https://api.stripe.com", "--live if you mean it"],
    ["pk_test_canary0canary0", "https://api.stripe.com", "no secret or restricted key"],
    ["sk_live_canary0canary0canary0", "https://example.com", "api.stripe.com only"],
    ["sk_test_canary0canary0canary0", "http://example.com", "https URL"],
  ])("2.3a exits 2 for key %s at %s, without repeating it", async (key, base, message) => {
    const { code, error } = await payments(
      ["webhook", "setup", "--url", "https://example.com/hook"],
      { STRIPE_SECRET_KEY: key, STRIPE_API_BASE: base },
    );
    expect(code).toBe(2);
    expect(error).toContain(message);
    expect(error).not.toContain("canary");
  });
});
