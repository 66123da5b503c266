import { useCallback, useRef } from "react";
import { useLive } from "../../api/use-live.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { overviewSchema } from "../overview/read-overview.ts";

const everyMs = 5_000;

/** A number that grows whenever the open alerts are not what they were. */
export function useAlertsChanged(): number {
  const { ask } = useStaff();
  const read = useCallback(() => ask("staff_read_overview", { p_minutes: 15 }, overviewSchema), [
    ask,
  ]);
  const { value } = useLive(read, { everyMs });
  const seen = useRef({ alerts: "", stamp: 0 });
  const alerts = value === undefined ? seen.current.alerts : JSON.stringify(value.alerts);
  if (alerts !== seen.current.alerts) seen.current = { alerts, stamp: seen.current.stamp + 1 };
  return seen.current.stamp;
}
