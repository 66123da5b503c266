import { explainFailure } from "../api/explain-failure.ts";
import type { Failure } from "../api/failure.ts";
import { useClient } from "../api/client-context.ts";
import { useSingleFlight } from "./use-single-flight.ts";
import { formatWait } from "../format/duration.ts";
import { Link } from "../routing/link.tsx";
import { navigate } from "../routing/location-store.ts";
import { useLocation } from "../routing/use-location.ts";
import { Button } from "./button.tsx";
import { Notice } from "./notice.tsx";
import { useCountdown } from "./use-countdown.ts";

interface FailureNoticeProps {
  readonly failure: Failure;
  /** What "Try again" does; without it the notice only tells. */
  readonly onRetry?: (() => void) | undefined;
}

/** A failure in words, with what to do about it and the reference that support asks for. */
export function FailureNotice({ failure, onRetry }: FailureNoticeProps) {
  const { title, detail, remedy } = explainFailure(failure);
  return (
    <Notice tone="bad" title={title} role="alert">
      <p>{detail}</p>
      {remedy === "sign_in" && <SignInAgain />}
      {remedy === "see_account" && (
        <Link className="button button-secondary" to="/account">Open your account</Link>
      )}
      {remedy === "see_plans" && (
        <Link className="button button-secondary" to="/#plans">See the plans</Link>
      )}
      {remedy === "retry" && onRetry !== undefined && (
        <Button look="secondary" onClick={onRetry}>Try again</Button>
      )}
      {remedy === "wait" && <WaitThenRetry failure={failure} onRetry={onRetry} />}
      {failure.requestId !== undefined && (
        <p className="reference">
          Reference <code>{failure.requestId}</code>
        </p>
      )}
    </Notice>
  );
}

function SignInAgain() {
  const client = useClient();
  const { path, query } = useLocation();
  const { busy, run } = useSingleFlight(async () => {
    const here = query.size === 0 ? path : `${path}?${query}`;
    // The server no longer knows this session: forget it here too, or the sign-in page would take
    // the person for signed in and send them straight back.
    await client.auth.signOut({ scope: "local" });
    navigate(`/sign-in?${new URLSearchParams({ next: here })}`);
    return "done" as const;
  });
  return <Button look="secondary" busy={busy} onClick={run}>Sign in again</Button>;
}

function WaitThenRetry({ failure, onRetry }: FailureNoticeProps) {
  const wait = failure.retryAfterSeconds ?? 0;
  const left = useCountdown(wait, failure);
  return (
    <>
      {/* Spoken once, as it begins; the ticking number is for the eye alone. */}
      {wait > 0 && <span className="visually-hidden">You can try again in {formatWait(wait)}.
      </span>}
      {left > 0 && <p aria-hidden="true">You can try again in {formatWait(left)}.</p>}
      {left === 0 && onRetry !== undefined && (
        <Button look="secondary" onClick={onRetry}>Try again</Button>
      )}
    </>
  );
}
