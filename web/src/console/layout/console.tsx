import { useMemo, useState } from "react";
import { useClient } from "../../api/client-context.ts";
import { useSession } from "../../auth/session-context.tsx";
import { ErrorBoundary } from "../../layout/error-boundary.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { createAsk } from "../api/ask.ts";
import { endsSession } from "../api/explain-refusal.ts";
import { Pages } from "../pages/pages.tsx";
import { useRoute } from "../routing/use-route.ts";
import { type Staff, StaffProvider } from "../staff/staff-context.ts";
import { useMe } from "../staff/use-me.ts";
import { storedReason, storeReason, WorkProvider } from "../staff/work-context.ts";
import { NoAccess } from "./no-access.tsx";
import { Shell } from "./shell.tsx";
import { SignIn } from "./sign-in.tsx";

/** The console: the door, then whoever has a role. */
export function Console() {
  const session = useSession();
  if (session.state === "loading") return <Waiting label="Looking up your session" />;
  if (session.state === "signed_out") return <SignIn />;
  return <SignedIn key={session.userId} userId={session.userId} email={session.email} />;
}

interface SignedInProps {
  readonly userId: string;
  readonly email: string;
}

function SignedIn({ userId, email }: SignedInProps) {
  const client = useClient();
  const ask = useMemo(() => createAsk(client), [client]);
  const { me, failure, refresh } = useMe(ask);
  const [reason, setReason] = useState(() => storedReason(userId));
  const { page } = useRoute();
  const staff = useMemo<Staff | undefined>(() =>
    me === undefined ? undefined : {
      userId: me.user_id,
      email,
      roles: me.roles,
      ask,
      refresh,
      may: (permission) => me.permissions.includes(permission),
    }, [me, email, ask, refresh]);
  const work = useMemo(() => ({
    reason,
    setReason: (next: string) => {
      storeReason(userId, next);
      setReason(next);
    },
  }), [reason, userId]);
  if (staff === undefined) {
    if (failure === undefined) return <Waiting label="Looking up your role" />;
    return endsSession(failure)
      ? <SignIn ended />
      : <NoAccess failure={failure} email={email} onRetry={refresh} />;
  }
  return (
    <StaffProvider value={staff}>
      <WorkProvider value={work}>
        <Shell>
          <ErrorBoundary key={page}>
            <Pages />
          </ErrorBoundary>
        </Shell>
      </WorkProvider>
    </StaffProvider>
  );
}

function Waiting({ label }: { readonly label: string }) {
  return (
    <main className="door">
      <h1 className="visually-hidden">Payments console</h1>
      <Skeleton label={label} />
    </main>
  );
}
