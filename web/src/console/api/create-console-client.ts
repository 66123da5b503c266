import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Settings } from "../../settings/read-settings.ts";

/**
 * Makes the console's Supabase client. Its session is its own and ends with the tab: signing in here signs
 * nobody into the shop, and an operator's session does not stay behind in a browser.
 */
export function createConsoleClient(settings: Settings): SupabaseClient {
  return createClient(settings.supabaseUrl, settings.publishableKey, {
    auth: {
      persistSession: true,
      autoRefreshToken: true,
      detectSessionInUrl: false,
      storageKey: "payments-console",
      storage: globalThis.sessionStorage,
    },
  });
}
