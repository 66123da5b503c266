import { useState } from "react";
import { useClient } from "../api/client-context.ts";
import type { Failure } from "../api/failure.ts";
import { syncBilling } from "../api/sync-billing.ts";
import { Button } from "../ui/button.tsx";
import { FailureNotice } from "../ui/failure-notice.tsx";
import { useCountdown } from "../ui/use-countdown.ts";
import { useSingleFlight } from "../ui/use-single-flight.ts";

/** Looks everything up at Stripe now, for those who do not trust what is on screen. */
export function RefreshBilling({ reload }: { readonly reload: () => Promise<void> }) {
  const client = useClient();
  const [failure, setFailure] = useState<Failure>();
  const [news, setNews] = useState("");
  const { busy, run } = useSingleFlight(async () => {
    setFailure(undefined);
    setNews("");
    const outcome = await syncBilling(client);
    if (outcome.ok) {
      await reload();
      setNews("Everything is up to date.");
    } else setFailure(outcome.failure);
    return "done" as const;
  });
  const heldSeconds = useCountdown(failure?.retryAfterSeconds ?? 0, failure);
  return (
    <div className="refresh">
      <Button look="quiet" busy={busy} held={heldSeconds > 0} onClick={() => run()}>Refresh</Button>
      <p role="status" className="refresh-news">{news}</p>
      {failure !== undefined && <FailureNotice failure={failure} />}
    </div>
  );
}
