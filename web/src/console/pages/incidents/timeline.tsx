import { Moment } from "../../ui/moment.tsx";
import type { TimelineEntry } from "./schemas.ts";

/** What happened when, newest first, told by the audit trail, alerts, steps and notices. */
export function Timeline({ entries }: { readonly entries: readonly TimelineEntry[] }) {
  if (entries.length === 0) return <p className="empty">Nothing happened yet.</p>;
  return (
    <ol className="timeline">
      {entries.toReversed().map((entry, index) => (
        <li key={index} className={`timeline-${entry.source}`}>
          <Moment at={entry.at} exact />
          <div className="timeline-what">
            <p>
              <strong>{entry.what}</strong> {step(entry)}
              <span className="visually-hidden">, from {entry.source}</span>
            </p>
            {(entry.reason !== null || entry.who !== null) && (
              <p className="fine">
                {[entry.reason, entry.who].filter((one) => one !== null).join(" · ")}
              </p>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}

/** The one part of the detail that says what was done to what. */
function step({ detail }: TimelineEntry): string {
  return ["step", "subject", "severity"].flatMap((name) => {
    const value = detail[name];
    return typeof value === "string" ? [value] : [];
  }).join(" ");
}
