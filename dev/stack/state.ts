import { dirname } from "node:path";
import { z } from "zod";

const stackState = z.object({
  supabaseUrl: z.string(),
  functionsUrl: z.string(),
  publishableKey: z.string(),
  secretKey: z.string(),
  workerKey: z.string(),
  dbUrl: z.string(),
  stripeUrl: z.string(),
  stripeSecretKey: z.string(),
  webhookSecret: z.string(),
  webUrl: z.string(),
  /** As PAYMENTS_AUDIT_SIGNING_KEY and PAYMENTS_AUDIT_PUBLIC_KEYS hold them. */
  auditSigningKey: z.string(),
  auditPublicKeys: z.string(),
});

/** How to reach a running stack: the contents of `.local/stack.json`. */
export type StackState = z.infer<typeof stackState>;

/** A state file that a running stack of this checkout holds. */
export class StateFileHeldError extends Error {
  override readonly name = "StateFileHeldError";
}

/** Reads a state file; undefined when there is none. */
export async function readState(path: string): Promise<StackState | undefined> {
  try {
    return stackState.parse(JSON.parse(await Deno.readTextFile(path)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Writes the file whole or not at all, readable by its owner only: it holds every key of the stack. */
export async function writeState(path: string, state: StackState): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${Deno.pid}`;
  await Deno.writeTextFile(draft, JSON.stringify(state, null, 2) + "\n", { mode: 0o600 });
  await Deno.rename(draft, path);
}
