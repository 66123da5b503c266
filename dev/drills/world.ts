import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { runProgram } from "../../cli/program.ts";
import { fingerprint } from "../../supabase/functions/_shared/hex.ts";
import type { StackState } from "../stack/start-stack.ts";
import { signDelivery } from "../stripe-twin/engine/sign-delivery.ts";

/** Somebody of a drill: a shopper, a thief, a member of staff. */
export interface Person {
  readonly id: string;
  readonly client: SupabaseClient;
  readonly accessToken: string;
}

/** What a command of the operator answered. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** A running stack as a drill sees it: its shoppers, its attackers, and the operator who helps. */
export type World = ReturnType<typeof openWorld>;

const WAIT_MS = 20_000;

/** @param root the repository's, where the runbooks are */
export function openWorld(state: StackState, root: string) {
  const sql = postgres(state.dbUrl, { max: 2, ssl: false, onnotice: () => {} });
  return {
    root,
    state,
    sql,
    close: () => sql.end(),
    operator: (words: readonly string[]) => runOperator(state, root, words),
    signUp: () => signUp(state),
    checkout: (person: Person) => checkout(state, person),
    /** A control of the Stripe twin. */
    twin: (path: string, body: unknown = {}) =>
      fetch(`${state.stripeUrl}/_twin/${path}`, jsonRequest(body)),
    /** Stripe's API, with a key. */
    stripe: (path: string, form: Record<string, string>) =>
      fetch(`${state.stripeUrl}/v1/${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${state.stripeSecretKey}` },
        body: new URLSearchParams(form),
      }),
    /** Posts an event that whoever has the secret could have signed. */
    forge: (event: Forged) => forge(state, event),
    secretFingerprint: () => fingerprint(state.webhookSecret),
    /** Runs tasks of the worker now. */
    worker: (tasks: readonly string[]) =>
      fetch(
        `${state.functionsUrl}/payments-worker`,
        jsonRequest({ tasks }, { apikey: state.workerKey }),
      ),
  };
}

/** Repeats a question until its answer is yes. @throws when it never is */
export async function until(what: string, ask: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MS;
  while (!await ask()) {
    if (Date.now() > end) throw new Error(`${what}: not within ${WAIT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export interface Forged {
  readonly id: string;
  readonly type: string;
  readonly object: Record<string, unknown>;
}

async function forge(state: StackState, { id, type, object }: Forged): Promise<Response> {
  const now = Math.floor(Date.now() / 1000);
  const body = JSON.stringify({
    id,
    object: "event",
    api_version: "2026-10-28.endive",
    created: now,
    livemode: false,
    pending_webhooks: 1,
    request: null,
    type,
    data: { object },
  });
  const signature = await signDelivery(body, [state.webhookSecret], now);
  return await fetch(`${state.functionsUrl}/stripe-webhook`, {
    method: "POST",
    headers: { "content-type": "application/json", "stripe-signature": signature },
    body,
  });
}

async function runOperator(
  state: StackState,
  root: string,
  words: readonly string[],
): Promise<Ended> {
  let out = "";
  let error = "";
  const code = await runProgram(words, {
    root,
    now: () => new Date(),
    colour: false,
    env: { PAYMENTS_DB_URL: state.dbUrl },
    operator: "drill",
    out: (text) => void (out += text),
    error: (text) => void (error += text),
  });
  return { code, out, error };
}

async function signUp(state: StackState): Promise<Person> {
  const client = createClient(state.supabaseUrl, state.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { data, error } = await client.auth.signUp({
    email: `drill-${crypto.randomUUID()}@example.com`,
    password: crypto.randomUUID(),
  });
  if (error !== null) throw error;
  if (data.user === null || data.session === null) throw new Error("Sign-up gave no session");
  return { id: data.user.id, client, accessToken: data.session.access_token };
}

function checkout(state: StackState, person: Person): Promise<Response> {
  return fetch(
    `${state.functionsUrl}/create-checkout`,
    jsonRequest({
      mode: "subscription",
      items: [{ price: "starter_monthly", quantity: 1 }],
      success_url: `${state.webUrl}/return`,
      cancel_url: `${state.webUrl}/pricing`,
    }, { apikey: state.publishableKey, authorization: `Bearer ${person.accessToken}` }),
  );
}

function jsonRequest(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}
