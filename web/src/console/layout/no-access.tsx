import type { Failure } from "../../api/failure.ts";
import { useClient } from "../../api/client-context.ts";
import { Button } from "../../ui/button.tsx";
import { explainRefusal } from "../api/explain-refusal.ts";

interface NoAccessProps {
  readonly failure: Failure;
  readonly email: string;
  readonly onRetry: () => void;
}

/** For somebody who is signed in and has no role, or whose role cannot be looked up. */
export function NoAccess({ failure, email, onRetry }: NoAccessProps) {
  const client = useClient();
  const isRefused = failure.code === "forbidden";
  return (
    <main className="door">
      <div className="door-card" data-refusal={failure.code}>
        <h1>{isRefused ? "This account has no role" : "The console cannot open"}</h1>
        <p>
          {isRefused
            ? `${email} is signed in, and no role is given to it. An admin can give one.`
            : explainRefusal(failure)}
        </p>
        <div className="row">
          <Button look="secondary" onClick={onRetry}>Try again</Button>
          <Button look="quiet" onClick={() => void client.auth.signOut({ scope: "local" })}>
            Sign out
          </Button>
        </div>
      </div>
    </main>
  );
}
