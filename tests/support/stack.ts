// What integration tests do with the running stack, as its different callers.
import { createClient, type SupabaseClient, type User } from "@supabase/supabase-js";
import postgres from "postgres";
import { inject } from "vitest";
import type { ProvidedStack } from "./stack-setup.ts";

/** The stack that this run's global setup started. */
export function stack(): ProvidedStack {
  return inject("stack");
}

/** A connection as the superuser, for arranging and looking. End it in `afterAll`. */
export function adminSql(max = 4): postgres.Sql {
  return postgres(stack().dbUrl, { max, ssl: false, onnotice: () => {} });
}

export interface SignedInUser {
  user: User;
  email: string;
  password: string;
  accessToken: string;
  /** Signed in as this user; it keeps its session in memory. */
  client: SupabaseClient;
}

/** Signs up a new user, who is confirmed and signed in at once. */
export async function signUp(
  options: { email?: string; password?: string } = {},
): Promise<SignedInUser> {
  const email = options.email ?? `user-${crypto.randomUUID()}@example.com`;
  const password = options.password ?? crypto.randomUUID();
  const client = createClient(stack().supabaseUrl, stack().publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { data, error } = await client.auth.signUp({ email, password });
  if (error !== null) throw error;
  if (data.user === null || data.session === null) throw new Error("Sign-up gave no session");
  return { user: data.user, email, password, accessToken: data.session.access_token, client };
}

export interface FunctionCall {
  /** The caller's session; none for a call without `Authorization`. */
  accessToken?: string | undefined;
  headers?: Record<string, string>;
  method?: string;
}

/**
 * Calls an edge function as a browser's supabase-js does, without hiding the answer.
 * @param body sent as JSON; a string or bytes are sent as they are
 */
export function callFunction(
  name: string,
  body: unknown,
  { accessToken, headers = {}, method = "POST" }: FunctionCall = {},
): Promise<Response> {
  const raw = typeof body === "string" || body instanceof Uint8Array;
  return fetch(`${stack().functionsUrl}/${name}`, {
    method,
    headers: {
      "content-type": "application/json",
      apikey: stack().publishableKey,
      ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
      ...headers,
    },
    ...(body === undefined
      ? {}
      : { body: raw ? new Uint8Array(toBytes(body)) : JSON.stringify(body) }),
  });
}

/** A client that carries the secret key of this name, and so acts as that database role. */
export function clientAs(roleName: string): SupabaseClient {
  const key = stack().secretKeys[roleName];
  if (key === undefined) throw new Error(`There is no secret key named ${roleName}`);
  return createClient(stack().supabaseUrl, key, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
}

/** Runs one of the payments RPCs as a function's database role. */
export async function rpcAs(roleName: string, fn: string, args: Record<string, unknown> = {}) {
  return await clientAs(roleName).schema("payments").rpc(fn, args);
}

/** What only the stack's own process knows or can do. */
export const stackProcess = {
  functionLogs: (name: string): Promise<string[]> => control(`logs/${name}`),
  /** Ends a function as a crash would; it comes back by itself. */
  killFunction: (name: string): Promise<null> => control(`kill/${name}`),
  restartFunction: (name: string): Promise<null> => control(`restart/${name}`),
  /** Resolves when the twin has no delivery pending. */
  twinIdle: (): Promise<null> => control("idle"),
  restartPostgres: (mode: "fast" | "immediate" | "kill"): Promise<null> =>
    control(`restart-postgres/${mode}`),
};

async function control<T>(path: string): Promise<T> {
  const response = await fetch(`${stack().controlUrl}/${path}`, { method: "POST" });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

function toBytes(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? new TextEncoder().encode(body) : body;
}
