import type { SupabaseClient } from "@supabase/supabase-js";
import { callFunction } from "./call-function.ts";
import type { Outcome } from "./failure.ts";
import { hostedPageOf } from "./hosted-page.ts";

export type PortalFlow = "manage" | "cancel" | "update_payment_method";

/** Opens a customer-portal session and says where its hosted page is. */
export function openPortal(client: SupabaseClient, flow: PortalFlow): Promise<Outcome<URL>> {
  return callFunction(client, "customer-portal", {
    return_url: `${globalThis.location.origin}/account?from=portal`,
    flow,
  }, hostedPageOf);
}
