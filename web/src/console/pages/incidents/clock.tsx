import { useEffect, useState } from "react";
import { formatClock, formatMoment } from "../../format.ts";
import type { IncidentBrief } from "./schemas.ts";

const hours72 = 72 * 3600;

/** What is left of the 72 hours in which the authority has to hear of it (GDPR Art. 33), as it runs. */
export function Clock({ incident }: { readonly incident: IncidentBrief }) {
  const { clock_runs: runs, notify_due_at: due, authority_notified_at: told } = incident;
  const now = useNow(runs);
  if (told !== undefined) return <p>The authority was told {formatMoment(told)}.</p>;
  if (!runs) return <p>The clock does not run: the authority need not hear of it.</p>;
  const left = (due.getTime() - now) / 1000;
  return (
    <div className={`clock${left <= 0 ? " clock-late" : ""}`}>
      <p className="clock-left" role="timer">
        {left > 0 ? formatClock(left) : `${formatClock(-left)} late`}
      </p>
      <progress max={hours72} value={Math.min(hours72, hours72 - left)} aria-label="Of 72 hours" />
      <p className="fine">
        {left > 0
          ? "left to tell the authority, until "
          : "The authority should have been told by "}
        {formatMoment(due)}
      </p>
    </div>
  );
}

/** The time, each second while it matters. */
function useNow(isRunning: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return now;
}
