import { useEffect, useState } from "react";
import { useClient } from "../api/client-context.ts";
import { isActive } from "../billing/billing.ts";
import { readSubscriptions } from "../billing/read-subscriptions.ts";

const none: ReadonlySet<string> = new Set();

/**
 * The products a person is subscribed to, to mark them among the plans. Only a courtesy: when it
 * cannot be read nothing is marked, and the server refuses a second subscription anyway.
 */
export function useOwnedProducts(userId: string | undefined): ReadonlySet<string> {
  const client = useClient();
  const [owned, setOwned] = useState(none);
  useEffect(() => {
    setOwned(none);
    if (userId === undefined) return;
    let wanted = true;
    void readSubscriptions(client).then((outcome) => {
      if (!wanted || !outcome.ok) return;
      const items = outcome.value.filter(isActive).flatMap((subscription) => subscription.items);
      setOwned(new Set(items.map((item) => item.productId)));
    });
    return () => {
      wanted = false;
    };
  }, [client, userId]);
  return owned;
}
