import { useEffect } from "react";
import { useStaff } from "../../staff/staff-context.ts";
import { eventsSchema } from "./schemas.ts";

const everyMs = 3_000;
const moving: ReadonlySet<string> = new Set(["retry", "queued"]);

/** Watches an event that is on its way, and calls back when its status has changed. */
export function useSettled(
  eventId: string,
  status: string | undefined,
  onChange: () => Promise<void>,
): void {
  const { ask } = useStaff();
  useEffect(() => {
    if (status === undefined || !moving.has(status)) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "hidden") return;
      const filter = { event_id: eventId, since: "2000-01-01" };
      void ask("staff_list_events", { p_filter: filter, p_limit: 1 }, eventsSchema)
        .then((outcome) => {
          const now = outcome.ok ? outcome.value.events[0]?.status : undefined;
          if (now !== undefined && now !== status) void onChange();
        });
    }, everyMs);
    return () => clearInterval(timer);
  }, [ask, eventId, status, onChange]);
}
