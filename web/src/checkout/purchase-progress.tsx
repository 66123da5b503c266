import { Link } from "../routing/link.tsx";
import { Button } from "../ui/button.tsx";
import { purchaseWords } from "./purchase-words.ts";
import { usePurchase } from "./use-purchase.ts";
import type { PurchaseState } from "./watch-purchase.ts";

/** The state of one checkout, spoken at each change, with what to do next. */
export function PurchaseProgress({ sessionId }: { readonly sessionId: string }) {
  const { state, again } = usePurchase(sessionId);
  const { tone, title, detail } = purchaseWords(state);
  return (
    <>
      <div
        className={`lamp lamp-${tone}${isWaiting(state) ? " lamp-waiting" : ""}`}
        aria-hidden="true"
      />
      <div role="status" aria-live="polite" data-stage={stageName(state)}>
        <h1>{title}</h1>
        <p className="lead">{detail}</p>
      </div>
      <NextSteps state={state} again={again} />
    </>
  );
}

function isWaiting(state: PurchaseState): boolean {
  return state.stage === "confirming" || (state.stage !== "settled" && state.watching);
}

function stageName(state: PurchaseState): string {
  return state.stage === "settled" ? state.verdict : state.stage;
}

interface NextStepsProps {
  readonly state: PurchaseState;
  readonly again: () => void;
}

function NextSteps({ state, again }: NextStepsProps) {
  if (state.stage === "confirming") return null;
  const startOver = state.stage === "settled"
    ? state.verdict === "failed" || state.verdict === "expired"
    : state.stage === "slow" && state.verdict === "open";
  return (
    <p className="next-steps">
      {startOver && <Link className="button button-primary" to="/#plans">Back to the plans</Link>}
      {state.stage !== "settled" && !state.watching && <Button onClick={again}>Look again</Button>}
      <Link className={`button ${startOver ? "button-secondary" : "button-primary"}`} to="/account">
        Open your account
      </Link>
    </p>
  );
}
