import { z } from "zod";
import type { CallRpc } from "../../../supabase/functions/_shared/database.ts";
import type { Target } from "../../../supabase/functions/_shared/place-event.ts";
import type { Log } from "../../../supabase/functions/_shared/log.ts";
import {
  createStore,
  type WorkerStore,
} from "../../../supabase/functions/payments-worker/store.ts";
import type { Task } from "../../../supabase/functions/payments-worker/task.ts";
import { notifyTask } from "../../../supabase/functions/payments-worker/tasks/notify.ts";
import { reconcileTask } from "../../../supabase/functions/payments-worker/tasks/reconcile.ts";
import { refreshTask } from "../../../supabase/functions/payments-worker/tasks/refresh.ts";
import { retryTask } from "../../../supabase/functions/payments-worker/tasks/retry.ts";
import type { FenceWatch } from "./fence-watch.ts";
import type { Halt } from "./killable-worker.ts";
import type { ScratchDatabase } from "./scratch-database.ts";
import type { StripeWorld } from "./stripe-world.ts";

const silent: Log = () => {};
const ACCOUNT = "acct_property";
export const TASKS = ["refresh", "retry", "reconcile", "notify"] as const;
export type TaskName = (typeof TASKS)[number];

/** What the host received: how often it took each domain event. */
export type Received = Map<string, number>;

export interface WorkerParts {
  database: ScratchDatabase;
  world: StripeWorld;
  fences: FenceWatch;
  received: Received;
  /** True once: the call that asks fails. */
  fails: () => boolean;
  /** Hears of each object that is claimed for a fetch. */
  claimed?: (object: Target) => void;
}

const claims = z.array(z.object({ kind: z.string(), id: z.string() }));

/** The worker's own tasks; every call of theirs goes through `halt`. */
export function workerTasks(
  parts: WorkerParts,
  halt: Halt,
  oneAtATime: boolean,
): Record<TaskName, Task> {
  const rpc = parts.database.as("payments_worker");
  const watched: CallRpc = (name, args, result) =>
    halt(name, async () => {
      const answer = await parts.fences.around(name, { ...args }, () => rpc(name, args, result));
      if (name === "claim_refreshes") claims.parse(answer).forEach((one) => parts.claimed?.(one));
      return answer;
    });
  const store = oneAtATime ? claimOne(createStore(watched)) : createStore(watched);
  const stripe = parts.world.clientFor((path) =>
    halt(
      path,
      () => parts.fails() ? Promise.reject(new TypeError("connection reset")) : Promise.resolve(),
    )
  );
  const now = Date.now;
  const accountId = () => Promise.resolve(ACCOUNT);
  const sink = {
    url: "https://host.example/hook",
    sign: () => Promise.resolve("v1,unsigned"),
  };
  const post: typeof fetch = (_url, init) =>
    halt("post", () => {
      if (parts.fails()) return Promise.resolve(new Response(null, { status: 500 }));
      const id = new Headers(init?.headers).get("webhook-id") ?? "";
      parts.received.set(id, (parts.received.get(id) ?? 0) + 1);
      return Promise.resolve(new Response(null, { status: 204 }));
    });
  return {
    refresh: refreshTask({ stripe, store, accountId, now }),
    retry: retryTask({ stripe, store, decryptBody: decodeBody, now }),
    reconcile: reconcileTask({ stripe, store, accountId, livemode: false, now }),
    notify: notifyTask({ store, events: sink, notices: null, alerts: null, fetch: post, now }),
  };
}

export const run = { requestId: "req_property", log: silent, forced: true };

/** One thing a run, so that each worker is a single row of steps. */
function claimOne(store: WorkerStore): WorkerStore {
  return {
    ...store,
    claimRefreshes: (_limit, lease) => store.claimRefreshes(1, lease),
    claimRetries: (_limit, lease) => store.claimRetries(1, lease),
    claimOutbox: (_limit, lease) => store.claimOutbox(1, lease),
  };
}

/** Stands in for the cipher: what it does to a body is no part of the order. */
export function encodeBody(body: string): string {
  return new TextEncoder().encode(body).toBase64();
}

function decodeBody(_eventId: string, value: string): Promise<Uint8Array<ArrayBuffer>> {
  return Promise.resolve(Uint8Array.fromBase64(value));
}
