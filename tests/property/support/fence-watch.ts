import type postgres from "postgres";
import { z } from "zod";

/**
 * Watches leases from the outside: who claimed a thing last, by what the claims returned. A finish by
 * anybody else must leave the thing as it was.
 */
export class FenceWatch {
  readonly #holders = new Map<string, number>();
  readonly #admin: postgres.Sql;
  readonly failures: string[] = [];

  constructor(admin: postgres.Sql) {
    this.#admin = admin;
  }

  /** Runs a call; notes what it claims, and checks it if it finishes what another holds. */
  async around<T>(name: string, args: Record<string, unknown>, call: () => Promise<T>): Promise<T> {
    const finish = FINISHES[name];
    if (finish === undefined) {
      const answer = await call();
      this.#noteClaims(name, args, answer);
      return answer;
    }
    const key = `${finish.table} ${String(args[finish.idArgument])}`;
    if (this.#holders.get(key) === args["p_lease"]) {
      const answer = await call();
      this.#holders.delete(key);
      return answer;
    }
    const before = await this.#row(finish, args);
    const answer = await call();
    if (await this.#row(finish, args) !== before) {
      this.failures.push(`no fence: ${name} of ${key} by a worker past its lease changed the row`);
    }
    return answer;
  }

  #noteClaims(name: string, args: Record<string, unknown>, answer: unknown): void {
    if (name === "claim_outbox") {
      for (const { id, lease } of outboxClaims.parse(answer)) {
        this.#holders.set(`outbox ${id}`, lease);
      }
    } else if (name === "claim_retries") {
      for (const { event_id, lease } of retryClaims.parse(answer)) {
        this.#holders.set(`processed_events ${event_id}`, lease);
      }
    } else if (name === "begin_reconcile") {
      const { run } = reconcileClaim.parse(answer);
      if (run !== undefined) {
        this.#holders.set(`reconcile_runs ${String(args["p_mode"])}`, run.lease);
      }
    }
  }

  async #row(finish: Finish, args: Record<string, unknown>): Promise<string> {
    const [row] = await this.#admin.unsafe<{ row: unknown }[]>(
      `select to_jsonb(t)::text as row from ${finish.schema}.${finish.table} as t where t.${finish.idColumn}::text = $1`,
      [String(args[finish.idArgument])],
    );
    return String(row?.row);
  }
}

interface Finish {
  schema: string;
  table: string;
  idColumn: string;
  idArgument: string;
}

const outbox = { schema: "payments", table: "outbox", idColumn: "id", idArgument: "p_id" };
const event = {
  schema: "payments_private",
  table: "processed_events",
  idColumn: "event_id",
  idArgument: "p_event_id",
};
const reconcile = {
  schema: "payments_private",
  table: "reconcile_runs",
  idColumn: "mode",
  idArgument: "p_mode",
};
const FINISHES: Readonly<Record<string, Finish>> = {
  finish_outbox: outbox,
  finish_retry: event,
  finish_reconcile: reconcile,
  pause_reconcile: reconcile,
  fail_reconcile: reconcile,
};

const outboxClaims = z.array(z.object({ id: z.string(), lease: z.number() }));
const retryClaims = z.array(z.object({ event_id: z.string(), lease: z.number() }));
const reconcileClaim = z.object({ run: z.object({ lease: z.number() }).optional() });
