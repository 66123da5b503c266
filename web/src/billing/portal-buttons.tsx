import { useState } from "react";
import { useClient } from "../api/client-context.ts";
import type { Failure } from "../api/failure.ts";
import { openPortal, type PortalFlow } from "../api/open-portal.ts";
import { useSingleFlight } from "../ui/use-single-flight.ts";
import { Button } from "../ui/button.tsx";
import { FailureNotice } from "../ui/failure-notice.tsx";
import { useCountdown } from "../ui/use-countdown.ts";

const labels: Readonly<Record<PortalFlow, string>> = {
  manage: "Manage billing",
  update_payment_method: "Change payment method",
  cancel: "Cancel subscription",
};

/** The ways into the hosted customer portal. */
export function PortalButtons({ flows }: { readonly flows: readonly PortalFlow[] }) {
  const client = useClient();
  const [failure, setFailure] = useState<Failure>();
  const [last, setLast] = useState<PortalFlow>("manage");
  const { busy, run } = useSingleFlight(async (flow: PortalFlow) => {
    setLast(flow);
    setFailure(undefined);
    const outcome = await openPortal(client, flow);
    if (!outcome.ok) {
      setFailure(outcome.failure);
      return "done";
    }
    globalThis.location.assign(outcome.value);
    return "stay";
  });
  const heldSeconds = useCountdown(failure?.retryAfterSeconds ?? 0, failure);
  return (
    <>
      {failure !== undefined && <FailureNotice failure={failure} />}
      <div className="portal-buttons">
        {flows.map((flow) => (
          <Button
            key={flow}
            look={flow === "cancel" ? "quiet" : "secondary"}
            busy={busy && flow === last}
            held={heldSeconds > 0 || (busy && flow !== last)}
            onClick={() => run(flow)}
          >
            {labels[flow]}
          </Button>
        ))}
      </div>
    </>
  );
}
