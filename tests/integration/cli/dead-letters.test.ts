import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { stripeId, until } from "../../support/payments.ts";
import { adminSql, stack } from "../../support/stack.ts";
import { payments } from "./support.ts";

const sql = adminSql();

const answer = z.object({
  dry_run: z.boolean().optional(),
  replayed: z.number().optional(),
  unreplayable: z.number().optional(),
  events: z.array(z.object({ event_id: z.string(), replay: z.string() })),
});

interface Letter {
  event: string;
  object: string;
}

beforeEach(async () => {
  await sql`delete from payments_private.processed_events where status = 'dead'`;
});

afterAll(async () => {
  await sql`delete from payments_private.processed_events where status = 'dead'`;
  await sql.end();
});

/** An event that the worker has given up, as it lies in the table. */
async function deadLetter(
  { type = "product.updated", object = stripeId("prod"), projected = true, daysAgo = 0 } = {},
): Promise<Letter> {
  const event = stripeId("evt");
  const projection = { id: object, active: true, name: "Late", created_at: "2026-01-01T00:00:00Z" };
  await sql`
    insert into payments_private.processed_events (
      event_id, created, event_type, object_kind, object_id, livemode, status, attempts,
      body_sha256, secret_fingerprint, request_id, projection, last_error)
    values (
      ${event}, now() - ${daysAgo} * interval '1 day', ${type}, 'product', ${object}, false, 'dead', 15,
      ${"0".repeat(64)}, 'test', ${crypto.randomUUID()},
      ${projected ? sql.json(projection) : null}, '23514')`;
  return { event, object };
}

async function statusOf({ event }: Letter): Promise<string> {
  const [row] = await sql`
    select status from payments_private.processed_events where event_id = ${event}`;
  return String(row?.["status"]);
}

async function replaysOf({ event }: Letter) {
  return [
    ...await sql`
    select actor_type, actor_id, reason from audit.audit_logs
    where action = 'event.replayed' and detail ->> 'event' = ${event}`,
  ];
}

describe("payments dead-letters list and show", () => {
  it("exits 0 and says so when there is none", async () => {
    expect(await payments(["dead-letters", "list", "--status", "dead"]))
      .toEqual({ code: 0, out: "No event is in retry or dead.\n", error: "" });
  });

  it("exits 1 and shows what failed and how it would be replayed", async () => {
    const letter = await deadLetter();
    const { code, out } = await payments(["dead-letters", "list", "--status", "dead"]);
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`${letter.event} .* dead .* 23514 .* stored_projection`));
  });

  it("filters by type, object, status and age", async () => {
    const one = await deadLetter();
    const other = await deadLetter({ type: "product.created" });
    const list = async (...argv: string[]) => {
      const { out } = await payments(["dead-letters", "list", "--json", ...argv]);
      return answer.parse(JSON.parse(out)).events.map(({ event_id }) => event_id);
    };
    expect(await list("--type", "product.created")).toEqual([other.event]);
    expect(await list("--object", one.object)).toEqual([one.event]);
    expect(await list("--status", "dead", "--since", "1h")).toEqual([one.event, other.event]);
    expect(await list("--status", "dead", "--since", "2100-01-01")).toEqual([]);
  });

  it("4.1c explains one in sentences, without its payload", async () => {
    const letter = await deadLetter();
    const { code, out } = await payments(["dead-letters", "show", letter.event]);
    expect(code).toBe(0);
    expect(out).toContain("a constraint refused the row (SQLSTATE 23514)");
    expect(out).toContain("with the projection that was stored when it came");
    expect(out).toContain("nothing until somebody replays it");
    expect(out).not.toContain("Late");
  });

  it("exits 1 for an event that is no dead letter", async () => {
    const { code, error } = await payments(["dead-letters", "show", "evt_neverseen"]);
    expect(code).toBe(1);
    expect(error).toContain("payments events show evt_neverseen");
  });
});

describe("payments dead-letters replay", () => {
  it("shows with --dry-run what it would do, and does nothing", async () => {
    const letter = await deadLetter();
    const argv = ["dead-letters", "replay", letter.event, "--dry-run", "--reason", "look"];
    const { code, out } = await payments(argv);
    expect(code).toBe(0);
    expect(out).toContain("Dry run: 1 would be put back in line");
    expect(await statusOf(letter)).toBe("dead");
    expect(await replaysOf(letter)).toEqual([]);
  });

  it("5.2c replays one event, with who and why in the audit trail, and it is applied", async () => {
    const letter = await deadLetter();
    const { code, out } = await payments(
      ["dead-letters", "replay", letter.event, "--reason", "constraint fixed", "--as", "ada"],
    );
    expect(code).toBe(0);
    expect(out).toContain("1 put back in line");
    expect(await replaysOf(letter))
      .toEqual([{ actor_type: "staff", actor_id: "ada", reason: "constraint fixed" }]);
    await until(async () => await statusOf(letter) === "applied");
  });

  it("names the operating system's user where nobody else is named", async () => {
    const letter = await deadLetter();
    await payments(["dead-letters", "replay", letter.event, "--reason", "again"]);
    expect(await replaysOf(letter)).toMatchObject([{ actor_id: "somebody" }]);
  });

  it("treats a filter as a dry run until --yes is given", async () => {
    const letters = [await deadLetter(), await deadLetter()];
    const argv = ["dead-letters", "replay", "--status", "dead", "--json", "--reason", "all"];
    const first = answer.parse(JSON.parse((await payments(argv)).out));
    expect(first).toMatchObject({ dry_run: true, replayed: 0 });
    expect(first.events).toHaveLength(2);
    expect(await Promise.all(letters.map(statusOf))).toEqual(["dead", "dead"]);

    const second = answer.parse(JSON.parse((await payments([...argv, "--yes"])).out));
    expect(second).toMatchObject({ dry_run: false, replayed: 2, unreplayable: 0 });
    for (const letter of letters) await until(async () => await statusOf(letter) === "applied");
  });

  it("exits 1 for an event that is not there", async () => {
    const argv = ["dead-letters", "replay", "evt_neverseen", "--reason", "why"];
    expect(await payments(argv)).toMatchObject({ code: 1 });
  });

  it("says how an event without payload comes back, by its age", async () => {
    const young = await deadLetter({ projected: false });
    const old = await deadLetter({ projected: false, daysAgo: 40 });
    const { out } = await payments(["dead-letters", "list", "--json", "--status", "dead"]);
    expect(answer.parse(JSON.parse(out)).events).toMatchObject([
      { event_id: young.event, replay: "fetch_event" },
      { event_id: old.event, replay: "fetch_object" },
    ]);
  });

  it("exits 1 when an event cannot be replayed", async () => {
    const letter = await deadLetter({ projected: false, daysAgo: 40 });
    await sql`
      update payments_private.processed_events set object_id = null where event_id = ${letter.event}`;
    const argv = ["dead-letters", "replay", letter.event, "--reason", "why"];
    const { code, out } = await payments(argv);
    expect({ code, left: out.includes("1 cannot be replayed") }).toEqual({ code: 1, left: true });
    expect(await statusOf(letter)).toBe("dead");
  });

  it("runs as a command of its own, with exit code and streams", async () => {
    const letter = await deadLetter();
    const argv = ["run", "-A", "cli/main.ts", "dead-letters", "show", letter.event, "--json"];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, argv, {
      cwd: stack().projectRoot,
      env: { ...process.env, PAYMENTS_DB_URL: stack().dbUrl },
    });
    expect(JSON.parse(stdout)).toMatchObject({ event_id: letter.event, status: "dead" });
    expect(stderr).toBe("");
  });
});
