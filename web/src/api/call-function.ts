import { FunctionsHttpError, type SupabaseClient } from "@supabase/supabase-js";
import { failed, networkFailure, type Outcome, succeeded, unreadableFailure } from "./failure.ts";
import { readProblem } from "./read-problem.ts";

/** Longer than the function's own patience with Stripe, so that its answer comes first. */
const patienceMs = 30_000;

/**
 * Calls an edge function for the signed-in user.
 *
 * @param parse Reads the 200 answer; `undefined` means it is not what the contract says.
 */
export async function callFunction<T>(
  client: SupabaseClient,
  name: "create-checkout" | "customer-portal" | "sync-billing",
  body: Readonly<Record<string, unknown>>,
  parse: (answer: unknown) => T | undefined,
): Promise<Outcome<T>> {
  const { data, error } = await client.functions.invoke<unknown>(name, {
    body: { ...body },
    timeout: patienceMs,
  });
  if (error instanceof FunctionsHttpError) {
    const response: unknown = error.context;
    return failed(response instanceof Response ? await readProblem(response) : unreadableFailure);
  }
  if (error !== null) return failed(networkFailure);
  const value = parse(data);
  return value === undefined ? failed(unreadableFailure) : succeeded(value);
}
