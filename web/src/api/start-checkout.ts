import type { SupabaseClient } from "@supabase/supabase-js";
import { callFunction } from "./call-function.ts";
import type { Outcome } from "./failure.ts";
import { hostedPageOf } from "./hosted-page.ts";

export interface Purchase {
  readonly mode: "subscription" | "payment";
  /** The price's lookup key or id. What it costs is the server's business. */
  readonly price: string;
  readonly quantity: number;
}

/**
 * Opens a checkout session and says where its hosted page is.
 *
 * @param idempotencyKey One for each attempt: sending it again opens no second checkout.
 */
export function startCheckout(
  client: SupabaseClient,
  purchase: Purchase,
  idempotencyKey: string,
): Promise<Outcome<URL>> {
  const { origin } = globalThis.location;
  const back = new URLSearchParams({ price: purchase.price, canceled: "1" });
  return callFunction(client, "create-checkout", {
    mode: purchase.mode,
    items: [{ price: purchase.price, quantity: purchase.quantity }],
    // The placeholder is Stripe's: it must arrive there as written.
    success_url: `${origin}/return?session_id={CHECKOUT_SESSION_ID}`,
    cancel_url: `${origin}/checkout?${back}`,
    idempotency_key: idempotencyKey,
  }, hostedPageOf);
}
