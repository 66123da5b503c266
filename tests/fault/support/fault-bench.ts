// A stack whose functions can be killed at any call of the database, with a host that listens.
import postgres from "postgres";
import Stripe from "stripe";
import { type Stack, startStack } from "../../../dev/stack/start-stack.ts";
import { seededRandom } from "../../../dev/stripe-twin/engine/ids.ts";
import {
  type Made,
  nothingMade,
  operate,
  type Stage,
} from "../../property/support/stripe-operations.ts";
import { type HostSink, startHostSink } from "./host-sink.ts";
import { type KillProxy, startKillProxy } from "./kill-proxy.ts";
import { until } from "./settle.ts";

export interface FaultBench {
  stack: Stack;
  sink: HostSink;
  proxy: KillProxy;
  /** The superuser; it survives restarts of the server. */
  admin: postgres.Sql;
  stripe: Stripe;
  /** A secret that the functions accept besides the stack's own. */
  secondSecret: string;
  /** A control of the Stripe twin. */
  twin(path: string, body?: unknown): Promise<void>;
  /** Makes this many things happen at Stripe. */
  makeThingsHappen(count: number): Promise<void>;
  /** Calls the worker as its schedule does; false when it gave no answer. */
  work(tasks?: string[]): Promise<boolean>;
  stop(): Promise<void>;
}

export async function startFaultBench(seed: number): Promise<FaultBench> {
  const proxy = startKillProxy();
  const sink = startHostSink();
  const secondSecret = `whsec_${crypto.randomUUID().replaceAll("-", "")}`;
  const portBase = freePortBase();
  // The first of the stack's ports is the gateway's. The functions call it while the stack still starts.
  proxy.setTarget(`http://127.0.0.1:${portBase}`, () => Promise.resolve());
  const stack = await startStack({
    stateFile: null,
    portBase,
    durable: true, // a commit must outlive the server that is killed
    schedulerIntervalMs: null,
    moreWebhookSecrets: [secondSecret],
    functionsEnv: {
      SUPABASE_URL: proxy.url,
      PAYMENTS_OUTBOX_URL: sink.url,
      PAYMENTS_OUTBOX_SECRET: sink.secret,
    },
  });
  proxy.setTarget(stack.state.supabaseUrl, (name) => killAndRevive(stack, name));
  const admin = postgres(stack.state.dbUrl, { max: 3, ssl: false, onnotice: () => {} });
  const { hostname, port } = new URL(stack.state.stripeUrl);
  const stripe = new Stripe(stack.state.stripeSecretKey, {
    host: hostname,
    port: Number(port),
    protocol: "http",
    telemetry: false,
    maxNetworkRetries: 3,
  });
  const twin = async (path: string, body: unknown = {}) => {
    const response = await fetch(`${stack.state.stripeUrl}/_twin/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    await response.body?.cancel();
    if (response.status >= 500) throw new Error(`${path}: ${response.status}`);
  };
  const happen = happening({ stripe, control: twin }, nothingMade(), seededRandom(seed));
  return {
    stack,
    sink,
    proxy,
    admin,
    stripe,
    secondSecret,
    twin,
    makeThingsHappen: happen,
    work: (tasks) => callWorker(stack, tasks),
    async stop() {
      await admin.end({ timeout: 1 });
      await stack.stop();
      await proxy.close();
      await sink.close();
    },
  };
}

const PORTS = 14;

/** The first of a row of ports that are all free. */
function freePortBase(): number {
  for (;;) {
    const base = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      const held = Array.from(
        { length: PORTS },
        (_, index) => Deno.listen({ hostname: "127.0.0.1", port: base + index }),
      );
      for (const listener of held) listener.close();
      return base;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** SIGKILL, then at once a new process: the stack's own pauses would only cost time here. */
async function killAndRevive(stack: Stack, name: string): Promise<void> {
  await stack.functions.kill(name);
  // on a busy machine a process may need more than one try
  await until(() => stack.functions.restart(name).then(() => true, () => false), 20_000);
}

function happening(stage: Stage, made: Made, random: () => number) {
  return async (count: number) => {
    for (let index = 0; index < count; index++) await operate(stage, made, random());
  };
}

async function callWorker(stack: Stack, tasks?: string[]): Promise<boolean> {
  try {
    const response = await fetch(`${stack.state.functionsUrl}/payments-worker`, {
      method: "POST",
      headers: { apikey: stack.state.workerKey, "content-type": "application/json" },
      body: JSON.stringify(tasks === undefined ? {} : { tasks }),
      signal: AbortSignal.timeout(30_000),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
