import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { deliver, eventBody, openCheckout, stripeId } from "../../support/payments.ts";
import { runTasks } from "../../support/pipeline.ts";
import { functionEnv, runFunction, type RunningFunction } from "../../support/run-function.ts";
import { adminSql, rpcAs, type SignedInUser, signUp } from "../../support/stack.ts";
import { payments } from "../cli/support.ts";
import { addAffected, ASSESSMENT, because, hoursAgo, incident, look, open } from "./support.ts";

const sql = adminSql();
const secret = `whsec_${crypto.getRandomValues(new Uint8Array(32)).toBase64()}`;
const received: { id: string; headers: Record<string, string>; body: string }[] = [];
let answer: () => Response | Promise<Response>;
let server: Deno.HttpServer<Deno.NetAddr>;
let worker: RunningFunction;
let folder = "";
let somebody: SignedInUser;

beforeAll(async () => {
  server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const headers = Object.fromEntries(request.headers);
    received.push({ id: headers["webhook-id"] ?? "", headers, body: await request.text() });
    return await answer();
  });
  worker = await startWorker();
  somebody = await customer();
  folder = await mkdtemp(join(tmpdir(), "notices-"));
});
afterEach(async () => {
  answer = takes;
  received.splice(0);
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    for (const table of ["incident_notices", "incident_users", "incident_searches", "incidents"]) {
      await tx`delete from ${sql(`payments_private.${table}`)}`;
    }
  });
});
afterAll(async () => {
  await worker?.stop();
  await server?.shutdown();
  if (folder !== "") await rm(folder, { recursive: true });
  await sql.end();
});

function takes(): Response {
  return new Response(null, { status: 204 });
}
answer = takes;

function startWorker(): Promise<RunningFunction> {
  const host = `127.0.0.1:${server.addr.port}`;
  const env = functionEnv({
    PAYMENTS_NOTIFY_URL: `http://${host}/notices`,
    PAYMENTS_NOTIFY_SECRET: secret,
  });
  return runFunction("payments-worker", env, [host, new URL(env["SUPABASE_URL"] ?? "").host]);
}

function notify() {
  return runTasks(["notify"], `${worker.url}/payments-worker`);
}

function dueNow() {
  return sql`update payments_private.incident_notices
    set next_attempt_at = now(), leased_until = null where state = 'pending'`;
}

async function template(text: string): Promise<string> {
  const file = join(folder, `${crypto.randomUUID()}.txt`);
  await writeFile(file, text);
  return file;
}

/** Queues this text for the affected of an incident. */
async function tell(id: string, text: string, subject = "About your account") {
  return await incident("notify", id, "--subject", subject, "--template", await template(text));
}

/** An incident that touches these users: each stands in the trail. */
async function touching(...users: SignedInUser[]): Promise<string> {
  const id = await open(sql);
  for (const { user } of users) await addAffected(sql, id, user.id);
  return id;
}

/** Somebody who stands in the trail: they have looked at their own billing. */
async function customer(): Promise<SignedInUser> {
  const user = await signUp();
  await user.client.schema("payments").rpc("my_billing");
  return user;
}

async function scopeOf(id: string): Promise<{ users: string[]; resources: string[] }> {
  const { users, resources } = Object((await look("scope", id)).answer);
  return { users, resources };
}

describe("affected users", () => {
  it("10.1b are those whose things events of a leaked secret have touched", async () => {
    const [one, other] = [await customer(), await customer()];
    await openCheckout(one);
    const [row] = await sql`select id from payments.customers where user_id = ${one.user.id}`;
    const forged = stripeId("evt");
    await deliver(eventBody({
      id: forged,
      type: "customer.updated",
      object: { id: row?.["id"], object: "customer", metadata: {}, created: 1 },
    }));
    const [event] =
      await sql`select key_fingerprint from audit.audit_logs where actor_id = ${forged}`;
    const fingerprint = String(event?.["key_fingerprint"]);
    const id = await open(sql);
    const found = await incident(
      ...["affected", id, "--from", hoursAgo(0.1), "--key-fingerprint", fingerprint],
      ...["--resource", String(row?.["id"])],
    );
    expect(found).toMatchObject({ code: 0, answer: { found: 1, affected: 1 } });
    const { users, resources } = await scopeOf(id);
    expect(users).toEqual([one.user.id]);
    expect(users).not.toContain(other.user.id);
    expect(resources).toEqual([id, String(row?.["id"])].toSorted());
  });

  it("10.1b are those whom a member of staff has looked at", async () => {
    const [member, seen] = [await signUp(), await signUp()];
    await sql`insert into payments_private.staff_members (user_id, role, granted_by)
      values (${member.user.id}, 'support', 'test')`;
    await member.client.schema("payments").rpc("staff_find_user_billing", {
      p_user_id: seen.user.id,
      p_reason: "curiosity",
    });
    const id = await open(sql);
    await incident(
      ...["affected", id, "--from", hoursAgo(0.1), "--actor", member.user.id],
      ...["--action", "staff.billing_read"],
    );
    expect((await scopeOf(id)).users).toEqual([seen.user.id]);
    await sql`delete from payments_private.staff_members`;
  });

  it("10.1b are not those of another time, and a search again adds nobody twice", async () => {
    const user = await customer();
    const id = await open(sql);
    const by = ["--actor", user.user.id];
    const before = ["affected", id, "--from", hoursAgo(9), "--until", hoursAgo(8), ...by];
    expect(await incident(...before)).toMatchObject({ answer: { found: 0, affected: 0 } });
    for (let round = 0; round < 2; round++) {
      expect(await incident("affected", id, "--from", hoursAgo(1), ...by))
        .toMatchObject({ answer: { found: 1, affected: 1 } });
    }
    const searches = await sql`select from payments_private.incident_searches`;
    expect(searches).toHaveLength(3);
    const trail = await sql`select actor_id from audit.audit_logs
      where action = 'incident.users_found' and resource_id = ${id}`;
    expect(trail.map((row) => row["actor_id"])).toEqual(["Ada", "Ada", "Ada"]);
  });

  it("10.1b stay when a user has left; whom nobody can tell is counted", async () => {
    const user = await customer();
    const id = await touching(user);
    await sql`delete from auth.users where id = ${user.user.id}`;
    expect(await tell(id, "hello")).toMatchObject({ answer: { queued: 0, gone: 1 } });
    expect((await scopeOf(id)).users).toEqual([user.user.id]);
  });
});

describe("notices", () => {
  it("10.1b go to each affected user once, signed, whatever is asked twice", async () => {
    const users = [await customer(), await customer()];
    const id = await touching(...users);
    await incident("assess", id, ...ASSESSMENT);
    const text =
      "{{nature}}. It may mean: {{likely_consequences}}. Ask {{contact}}, case {{incident}}.";
    expect(await tell(id, text)).toMatchObject({ code: 0, answer: { queued: 2 } });
    expect(await tell(id, text)).toMatchObject({ code: 0, answer: { queued: 0 } });
    expect(await notify()).toMatchObject({ notify: { done: 2, failed: 0 } });
    await notify();
    expect(received).toHaveLength(2);
    const told = received.map(({ headers, body }) =>
      Object(new Webhook(secret).verify(body, headers))
    );
    expect(told.map(({ data }) => data.user_id).toSorted())
      .toEqual(users.map(({ user }) => user.id).toSorted());
    expect(told[0]).toMatchObject({
      type: "incident.notice",
      data: {
        incident_id: id,
        subject: "About your account",
        body: "billing summaries were read. It may mean: somebody knows what was bought. " +
          `Ask privacy@shop.example, case ${id}.`,
      },
    });
    expect(await look("notices", id))
      .toMatchObject({ code: 0, answer: { affected: 2, delivered: 2, pending: 0 } });
  });

  it("10.1b a worker that is killed after it has posted posts the same id again, and no second notice", async () => {
    const id = await touching(somebody);
    await tell(id, "hello");
    answer = async () => {
      await worker.stop();
      return takes();
    };
    await notify().catch(() => null);
    answer = takes;
    worker = await startWorker();
    expect(await look("notices", id)).toMatchObject({ code: 1, answer: { pending: 1 } });
    await tell(id, "hello");
    await dueNow();
    await notify();
    const ids = received.map((message) => message.id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    expect(await sql`select id, state from payments_private.incident_notices`)
      .toEqual([{ id: ids[0], state: "delivered" }]);
  });

  it("10.1b two workers at once deliver each once, and one past its lease changes nothing", async () => {
    const users = await Promise.all([customer(), customer(), customer()]);
    const id = await touching(...users);
    await tell(id, "hello");
    await Promise.all([notify(), notify(), notify()]);
    expect(received.map((message) => message.id)).toHaveLength(3);
    const [row] = await sql`update payments_private.incident_notices
      set state = 'pending', next_attempt_at = now() where user_id = ${
      users[0]?.user.id ?? ""
    } returning id`;
    const claim = async () =>
      (await rpcAs("payments_worker", "claim_notices", { p_limit: 1, p_lease_seconds: 600 }))
        .data[0];
    const first = await claim();
    await sql`update payments_private.incident_notices
      set leased_until = now(), next_attempt_at = now() where id = ${row?.["id"]}`;
    await claim();
    const end = { p_id: first.id, p_lease: first.lease };
    expect((await rpcAs("payments_worker", "finish_notice", end)).data).toBe("fenced");
  });

  it("10.1b are tried again, and after fifteen failures people hear of it", async () => {
    const id = await touching(somebody);
    await tell(id, "hello");
    answer = () => new Response(null, { status: 500 });
    for (let round = 0; round < 4; round++) {
      await dueNow();
      await notify();
      if (round === 1) await sql`update payments_private.incident_notices set attempts = 14`;
    }
    expect(received).toHaveLength(3); // the first, the second and the fifteenth
    expect(new Set(received.map((message) => message.id)).size).toBe(1);
    expect(await look("notices", id))
      .toMatchObject({ code: 1, answer: { dead: 1, last_error: "status_500" } });
    const alerts = await sql`select severity from payments_private.alerts
      where rule = 'notice_dead' and subject = ${received[0]?.id ?? ""}`;
    expect(alerts).toEqual([{ severity: "critical" }]);
    await sql`delete from payments_private.alerts where rule = 'notice_dead'`;
  });

  it.each([
    ["hello {{name}}", "name"],
    ["hello {{user", ""],
    ["{{nature}}", "nature"], // not assessed yet
    ["{{ {{title}} }}", "{{title"],
    ["{{constructor}}", "constructor"],
  ])("10.1b a template that names what there is not is refused: %s", async (text, placeholder) => {
    const id = await touching(somebody);
    expect(await tell(id, text)).toMatchObject({
      code: 1,
      answer: { ok: false, code: "unknown_placeholder", placeholder },
    });
    expect(await sql`select from payments_private.incident_notices`).toEqual([]);
    const { error } = await payments([
      ...["incident", "notify", id, "--subject", "abc", "--template", await template(text)],
      ...because,
    ]);
    expect(error).toContain("Known: title");
  });

  it("10.1b a value that looks like a template is put in as it is", async () => {
    const user = await customer();
    const id = await touching(user);
    const nature = "{{contact}} \\1 \\& $& %s {{user}} '; drop table x; --";
    await incident("assess", id, "--nature", nature, "--contact", "secret contact");
    expect(await tell(id, "a {{ nature }} b {{user}} }} c")).toMatchObject({ code: 0 });
    const [row] = await sql`select body from payments_private.incident_notices`;
    expect(row?.["body"]).toBe(`a ${nature} b ${user.user.id} }} c`);
  });

  it("10.1b a subject is one line, whatever a value holds: nobody adds a header to a mail", async () => {
    const id = await touching(somebody);
    await incident("assess", id, "--title", "a title\r\nBcc: everybody@example.com");
    expect(await tell(id, "hello", "About {{title}}"))
      .toMatchObject({ code: 1, answer: { ok: false, code: "invalid_notice" } });
    expect(await sql`select from payments_private.incident_notices`).toEqual([]);
  });

  it("10.1b 4.1a a card number in a template is refused", async () => {
    const id = await touching(somebody);
    expect(await tell(id, "your card 4242 4242 4242 4242"))
      .toMatchObject({ code: 1, answer: { code: "card_number" } });
  });

  it("10.1b nobody is told where nobody is known to be affected", async () => {
    expect(await tell(await open(sql), "hello"))
      .toMatchObject({ code: 1, answer: { code: "nobody_affected" } });
  });
});
