import { useCallback } from "react";
import { Badge } from "../../../ui/badge.tsx";
import { useLive } from "../../api/use-live.ts";
import { formatCount } from "../../format.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { Facts } from "../../ui/facts.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/panel.tsx";
import { type AuditStatus, statusSchema } from "./schemas.ts";

const everyMs = 10_000;

/** How far the trail is sealed, taken out and verified. */
export function TrailStatus() {
  const { ask } = useStaff();
  const read = useCallback(() => ask("staff_audit_status", {}, statusSchema), [ask]);
  const live = useLive(read, { everyMs });
  return (
    <Panel
      title="Can it be trusted?"
      aside={live.value !== undefined && <Verdict of={live.value} />}
    >
      <LiveView live={live} label="Loading the trail’s state">
        {(status) => <StatusFacts of={status} />}
      </LiveView>
    </Panel>
  );
}

function Verdict({ of: { verification, is_late: isLate } }: { readonly of: AuditStatus }) {
  if (verification === null) return <Badge tone="attention">not verified yet</Badge>;
  if (verification.findings > 0) return <Badge tone="bad">does not verify</Badge>;
  return isLate
    ? <Badge tone="bad">verification is late</Badge>
    : <Badge tone="good">verified</Badge>;
}

function StatusFacts(
  { of: { verification, seal, anchor, unsealed } }: { readonly of: AuditStatus },
) {
  return (
    <Facts
      facts={[
        [
          "Last verification, by the worker",
          verification === null ? "none has finished" : (
            <>
              <Moment at={verification.finished_at} />,{" "}
              {verification.findings === 0 ? "nothing found" : `${verification.findings} findings`}
            </>
          ),
        ],
        [
          "Newest seal",
          seal === null ? "none" : (
            <>
              {formatCount(seal.number)}, <Moment at={seal.sealed_at} />, key{" "}
              <code>{seal.key_id}</code>
            </>
          ),
        ],
        [
          "Newest head outside of the database",
          anchor === null ? "none: PAYMENTS_ANCHOR_URL is not set, or not reached" : (
            <>
              {formatCount(anchor.number)}, <Moment at={anchor.anchored_at} />
            </>
          ),
        ],
        [
          "In no seal yet",
          unsealed.oldest_at === undefined ? "nothing" : (
            <>
              {formatCount(unsealed.rows)} rows, the oldest <Moment at={unsealed.oldest_at} />
            </>
          ),
        ],
        [
          "Yourself",
          <span key="how">
            <code>payments audit verify</code> follows every seal from a machine of your own
          </span>,
        ],
      ]}
    />
  );
}
