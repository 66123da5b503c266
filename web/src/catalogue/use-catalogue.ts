import { useCallback } from "react";
import { useClient } from "../api/client-context.ts";
import { type UseLoaded, useLoaded } from "../api/use-loaded.ts";
import type { Catalogue } from "./catalogue.ts";
import { readCatalogue } from "./read-catalogue.ts";

/** What is for sale, read once for the page that asks. */
export function useCatalogue(): UseLoaded<Catalogue> {
  const client = useClient();
  return useLoaded(useCallback(() => readCatalogue(client), [client]));
}
