import { useCallback } from "react";
import { useClient } from "../api/client-context.ts";
import { type UseLoaded, useLoaded } from "../api/use-loaded.ts";
import type { Billing } from "./billing.ts";
import { readBilling } from "./read-billing.ts";

/** The signed-in person's billing. */
export function useBilling(userId: string): UseLoaded<Billing> {
  const client = useClient();
  // A different person is a different read, even with the same client.
  return useLoaded(useCallback(() => readBilling(client), [client, userId]));
}
