import type { SupabaseClient } from "@supabase/supabase-js";
import { createContext, useContext } from "react";

const ClientContext = createContext<SupabaseClient | undefined>(undefined);

export const ClientProvider = ClientContext.Provider;

/** The one Supabase client of the shop. */
export function useClient(): SupabaseClient {
  const client = useContext(ClientContext);
  if (client === undefined) throw new Error("useClient is called outside its provider");
  return client;
}
