import { useRef } from "react";
import type { Overview } from "./read-overview.ts";

interface Point {
  readonly at: Date;
  readonly seconds: number;
}

const kept = 360;

/** The backlog at each look since this page was opened: the database keeps no history of it. */
export function useBacklogTrace(overview: Overview | undefined): readonly Point[] {
  const points = useRef<Point[]>([]);
  const last = points.current.at(-1);
  if (overview !== undefined && last?.at.getTime() !== overview.now.getTime()) {
    points.current = [...points.current, { at: overview.now, seconds: overview.backlog_seconds }]
      .slice(-kept);
  }
  return points.current;
}
