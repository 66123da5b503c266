import { useState } from "react";
import { useClient } from "../api/client-context.ts";
import type { Failure } from "../api/failure.ts";
import { type Purchase, startCheckout } from "../api/start-checkout.ts";
import { AttemptKeys } from "./attempt-keys.ts";
import { useSingleFlight } from "../ui/use-single-flight.ts";

const attempts = new AttemptKeys(globalThis.sessionStorage, () => crypto.randomUUID());

/** Starts checkouts, one at a time, and leaves for the hosted page when one is open. */
export function useCheckout() {
  const client = useClient();
  const [failure, setFailure] = useState<Failure>();

  const { busy, run } = useSingleFlight(async (purchase: Purchase) => {
    setFailure(undefined);
    const order = `${purchase.mode}:${purchase.price}:${purchase.quantity}`;
    const outcome = await startCheckout(client, purchase, attempts.keyFor(order));
    attempts.settle(order, outcome);
    if (!outcome.ok) {
      setFailure(outcome.failure);
      return "done";
    }
    globalThis.location.assign(outcome.value);
    return "stay";
  });

  return { busy, failure, checkout: run };
}
