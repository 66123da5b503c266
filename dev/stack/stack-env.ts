import { readPortBase } from "./ports.ts";
import type { StackOptions } from "./start-stack.ts";

/**
 * The stack's options from the environment: PAYMENTS_STACK_PORT_BASE, PAYMENTS_STACK_STATE, and STRIPE_SECRET_KEY, which must be a
 * test-mode key.
 * @throws when a variable is set and malformed
 */
export function readStackEnv(env: Record<string, string | undefined>): StackOptions {
  return {
    portBase: readPortBase(env["PAYMENTS_STACK_PORT_BASE"]),
    stateFile: env["PAYMENTS_STACK_STATE"] || undefined,
    stripeSecretKey: readStripeKey(env["STRIPE_SECRET_KEY"]),
  };
}

function readStripeKey(value: string | undefined): string | undefined {
  if (value === undefined || value === "") return undefined;
  if (/^(sk|rk)_test_\w+$/.test(value)) return value;
  throw new Error(
    "STRIPE_SECRET_KEY must be a test-mode key (sk_test_… or rk_test_…): the local stack never touches live data",
  );
}
