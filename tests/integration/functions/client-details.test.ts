import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  clientDetailsLocation,
  createClientDetails,
} from "../../../supabase/functions/_shared/client-details.ts";
import { decryptField, encryptField } from "../../../supabase/functions/_shared/encrypt-field.ts";
import { constraintOf } from "../../support/constraint-of.ts";
import { findInDump } from "../../support/dump.ts";
import { checkoutBody, stripeId, subscribe } from "../../support/payments.ts";
import { runTasks } from "../../support/pipeline.ts";
import { functionEnv, runFunction, type RunningFunction } from "../../support/run-function.ts";
import { utf8 } from "../../support/sign-event.ts";
import { adminSql, callFunction, rpcAs, signUp, stack } from "../../support/stack.ts";

const sql = adminSql();
const ADDRESS = "198.51.100.77";
const AGENT = "CanaryAgent/7.1 (do not store)";
const K1 = { id: "of_details_older", base64: btoa("0123456789abcdef0123456789abcdef") };
const K2 = { id: "of_details_newer", base64: btoa("fedcba9876543210fedcba9876543210") };

/** create-checkout without a gateway in front, so that the address is the test's to choose. */
let checkout: RunningFunction;
beforeAll(async () => {
  const hosts = [stack().supabaseUrl, stack().stripeUrl].map((url) => new URL(url).host);
  const keys = JSON.stringify({ [K1.id]: K1.base64 });
  checkout = await runFunction(
    "create-checkout",
    functionEnv({ PAYMENTS_ENCRYPTION_KEYS: keys }),
    hosts,
  );
});
afterAll(async () => {
  await checkout.stop();
  await rpcAs("payments_worker", "note_encryption_keys", { p_key_ids: ["dev"] });
  await sql.end();
});

async function openFrom(accessToken: string): Promise<{ status: number; requestId: string }> {
  const response = await fetch(checkout.url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      apikey: stack().publishableKey,
      authorization: `Bearer ${accessToken}`,
      "x-forwarded-for": ADDRESS,
      "user-agent": AGENT,
    },
    body: JSON.stringify(checkoutBody()),
  });
  await response.body?.cancel();
  return {
    status: response.status,
    requestId: response.headers.get("x-request-id") ?? "",
  };
}

async function detailsOf(requestId: string) {
  const [row] = await sql`select operation, user_id, encrypted_details as value
    from payments_private.client_details where request_id = ${requestId}`;
  return row;
}

async function read(value: string, requestId: string, key = K1) {
  const bytes = await decryptField([key], clientDetailsLocation(requestId), value);
  return JSON.parse(new TextDecoder().decode(bytes));
}

describe("who called", () => {
  it("4.2a is kept for what was allowed and what was refused, encrypted, and no dump shows it", async () => {
    const user = await signUp();
    const allowed = await openFrom(user.accessToken);
    await subscribe(user);
    const refused = await openFrom(user.accessToken);
    expect([allowed.status, refused.status]).toEqual([200, 409]);
    for (const { requestId } of [allowed, refused]) {
      const row = await detailsOf(requestId);
      expect(row).toMatchObject({ operation: "checkout", user_id: user.user.id });
      const read1 = await read(row?.["value"], requestId);
      expect(read1).toMatchObject({ address: ADDRESS, agent: AGENT });
      const [audit] = await sql`select client_commitment as commitment
        from audit.audit_logs where request_id = ${requestId} order by occurred_at limit 1`;
      expect(audit?.["commitment"]).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(await findInDump(sql, ADDRESS)).toEqual([]);
    expect(await findInDump(sql, AGENT)).toEqual([]);
    expect(await findInDump(sql, user.email)).toEqual([]);
    // the search itself works
    expect(await findInDump(sql, allowed.requestId)).toContain("payments_private.client_details");
  });

  it("4.2a is kept for portal and sync too, and for a user on hold", async () => {
    const user = await signUp();
    const ask = (name: string, body: unknown) => callFunction(name, body, user);
    const portal = await ask("customer-portal", { return_url: `${stack().webUrl}/account` });
    const sync = await ask("sync-billing", {});
    await sql`insert into payments_private.user_holds (user_id, reason, placed_by)
      values (${user.user.id}, 'test', 'test')`;
    const held = await ask("sync-billing", {});
    expect([portal.status, sync.status, held.status]).toEqual([404, 200, 403]);
    for (
      const [response, operation] of [[portal, "portal"], [sync, "sync"], [held, "sync"]] as const
    ) {
      expect(await detailsOf(response.headers.get("x-request-id") ?? "")).toMatchObject({
        operation,
        user_id: user.user.id,
      });
    }
  });

  it("4.2a of a user who is gone is not kept, and the refusal is still told", async () => {
    const requestId = crypto.randomUUID();
    const client = await createClientDetails([K1])(new Headers(), requestId);
    const { data } = await rpcAs("payments_sync", "authorize_sync", {
      p_request: {
        user_id: crypto.randomUUID(),
        session_id: crypto.randomUUID(),
        request_id: requestId,
        client,
      },
    });
    expect(data).toEqual({ decision: "refuse", code: "session_ended" });
    expect(await detailsOf(requestId)).toBeUndefined();
  });

  it("4.2c a look at one's own billing is logged", async () => {
    const user = await signUp();
    const { error } = await user.client.schema("payments").rpc("my_billing");
    expect(error).toBeNull();
    const rows =
      await sql`select action, outcome from audit.audit_logs where actor_id = ${user.user.id}`;
    expect(rows).toEqual([{ action: "billing.read", outcome: "success" }]);
  });

  it("4.2a has no room for plain text", async () => {
    const insert =
      sql`insert into payments_private.client_details (request_id, operation, encrypted_details)
      values ('plain', 'sync', '{"address": "198.51.100.77"}')`;
    expect(await constraintOf(insert)).toBe("details_are_encrypted");
  });
});

describe("a new encryption key", () => {
  it("4.2a takes over everything the worker can read, wherever it lies, and leaves what was changed", async () => {
    const describeClient = createClientDetails([K1]);
    const ids = Array.from({ length: 3 }, () => crypto.randomUUID());
    for (const id of ids) {
      const { value } = await describeClient(
        new Headers({ "user-agent": AGENT }),
        id,
      );
      await sql`insert into payments_private.client_details (request_id, operation, encrypted_details)
        values (${id}, 'sync', ${value})`;
    }
    const [first = "", changed = "", held = ""] = ids;
    await sql`update payments_private.client_details set encrypted_details = (
      select encrypted_details from payments_private.client_details where request_id = ${first})
      where request_id = ${changed}`;
    await sql`with gone as (delete from payments_private.client_details where request_id = ${held} returning *)
      insert into payments_private.held_rows (table_name, user_id, happened_at, content)
      select 'client_details', gen_random_uuid(), now(), to_jsonb(gone) from gone`;
    await sql`select payments_private.place_legal_hold('test', 'all', 'keeps the held row', null, null, null, null)`;
    const event = stripeId("evt");
    const body = await encryptField(
      [K1],
      { table: "processed_events", column: "encrypted_body", row: event },
      utf8("a raw body"),
    );
    await sql`insert into payments_private.processed_events (event_id, created, event_type, livemode, status,
        body_sha256, secret_fingerprint, request_id, encrypted_body)
      values (${event}, now(), 'a.b', false, 'dead', ${"0".repeat(64)}, 'test', 'test', ${body})`;

    const worker = await runFunction(
      "payments-worker",
      functionEnv({
        PAYMENTS_ENCRYPTION_KEYS: JSON.stringify({ [K2.id]: K2.base64, [K1.id]: K1.base64 }),
      }),
      [new URL(stack().supabaseUrl).host],
    );
    try {
      // one that was moved to another row is nobody's to read, and is left
      expect((await runTasks(["purge"], worker.url)).purge?.failed).toBe(1);
    } finally {
      await worker.stop();
    }
    const under =
      await sql`select key_id, table_name, stored_in, row_id from payments_private.encrypted_values
      where row_id = any(${[...ids, event]}::text[]) order by key_id, stored_in`;
    expect(under.map((row) => [row["row_id"], row["key_id"], row["stored_in"]])).toEqual(
      expect.arrayContaining([
        [changed, "of_details_older", "client_details"],
        [first, "of_details_newer", "client_details"],
        [held, "of_details_newer", "held_rows"],
        [event, "of_details_newer", "processed_events"],
      ]),
    );
    expect((await read((await detailsOf(first))?.["value"], first, K2)).agent).toBe(AGENT);
    expect(
      await sql`select key_id, is_current, in_ring from payments_private.encryption_keys
      where key_id in ('of_details_newer', 'of_details_older') order by key_id`,
    ).toEqual([
      { key_id: "of_details_newer", is_current: true, in_ring: true },
      { key_id: "of_details_older", is_current: false, in_ring: true },
    ]);
    await sql`delete from payments_private.legal_holds`;
    await sql`delete from payments_private.client_details where request_id in ${sql(ids)}`;
    await sql`delete from payments_private.processed_events where event_id = ${event}`;
  });
});
