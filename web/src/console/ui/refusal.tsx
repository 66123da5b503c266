import type { Failure } from "../../api/failure.ts";
import { Button } from "../../ui/button.tsx";
import { Notice } from "../../ui/notice.tsx";
import { explainRefusal } from "../api/explain-refusal.ts";

interface RefusalProps {
  readonly failure: Failure;
  readonly onRetry?: (() => void) | undefined;
  /** Whether older figures are still on screen below. */
  readonly stale?: boolean;
}

/** Why something could not be shown or done. */
export function Refusal({ failure, onRetry, stale = false }: RefusalProps) {
  return (
    <Notice
      tone={stale ? "attention" : "bad"}
      role="alert"
      title={stale ? "Not up to date" : "This did not work"}
    >
      <p>{explainRefusal(failure)}</p>
      {onRetry !== undefined && failure.code !== "forbidden" && (
        <Button look="secondary" onClick={onRetry}>Try again</Button>
      )}
    </Notice>
  );
}
