import { useEffect, useState } from "react";
import { formatAge, formatMoment } from "../format.ts";

/** A moment: its age to read at a glance, the exact time in the title. */
export function Moment({ at, exact = false }: { readonly at: Date; readonly exact?: boolean }) {
  const [, setTick] = useState(0);
  useEffect(() => {
    if (exact) return;
    const timer = setInterval(() => setTick((tick) => tick + 1), 5_000);
    return () => clearInterval(timer);
  }, [exact]);
  return (
    <time dateTime={at.toISOString()} title={at.toISOString()}>
      {exact ? formatMoment(at) : formatAge((Date.now() - at.getTime()) / 1000)}
    </time>
  );
}
