import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Settings } from "../settings/read-settings.ts";

/** Makes the Supabase client. The session stays in this browser and is renewed by itself. */
export function createShopClient(settings: Settings): SupabaseClient {
  return createClient(settings.supabaseUrl, settings.publishableKey, {
    auth: {
      persistSession: true,
      autoRefreshToken: true,
      // Sign-in is by password only: nothing in an address may become a session.
      detectSessionInUrl: false,
    },
  });
}
