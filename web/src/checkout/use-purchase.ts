import { useCallback, useEffect, useState } from "react";
import { useClient } from "../api/client-context.ts";
import { syncBilling } from "../api/sync-billing.ts";
import { readPurchase } from "./read-purchase.ts";
import { type PurchaseState, watchPurchase } from "./watch-purchase.ts";

/** Follows one checkout for the return page; `again` starts over. */
export function usePurchase(
  sessionId: string,
): { readonly state: PurchaseState; readonly again: () => void } {
  const client = useClient();
  const [state, setState] = useState<PurchaseState>({ stage: "confirming" });
  const [round, setRound] = useState(0);

  useEffect(() => {
    const controller = new AbortController();
    setState({ stage: "confirming" });
    void watchPurchase({
      read: () => readPurchase(client, sessionId),
      sync: () => syncBilling(client),
      onState: setState,
      sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
      now: () => performance.now(),
      signal: controller.signal,
    });
    return () => controller.abort();
  }, [client, sessionId, round]);

  return { state, again: useCallback(() => setRound((count) => count + 1), []) };
}
