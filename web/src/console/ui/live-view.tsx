import type { ReactNode } from "react";
import type { Live } from "../api/use-live.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Refusal } from "./refusal.tsx";

interface LiveViewProps<T> {
  readonly live: Live<T>;
  /** What is being loaded, for who hears the page. */
  readonly label: string;
  readonly children: (value: T) => ReactNode;
  readonly lines?: number;
}

/** Shows what was read: grey lines before it comes, a refusal where it does not, both where it did once. */
export function LiveView<T>({ live, label, children, lines = 4 }: LiveViewProps<T>) {
  const { value, failure, reload } = live;
  if (value === undefined && failure === undefined) return <Skeleton label={label} lines={lines} />;
  return (
    <>
      {failure !== undefined && (
        <Refusal
          failure={failure}
          onRetry={() => void reload()}
          stale={value !== undefined}
        />
      )}
      {value !== undefined && children(value)}
    </>
  );
}
