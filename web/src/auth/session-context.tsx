import type { Session } from "@supabase/supabase-js";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { useClient } from "../api/client-context.ts";

/** Who is here: not known yet, nobody, or a person. */
export type SessionState =
  | { readonly state: "loading" }
  | { readonly state: "signed_out" }
  | { readonly state: "signed_in"; readonly userId: string; readonly email: string };

const SessionContext = createContext<SessionState>({ state: "loading" });

/** Keeps the session's state for everything below it. */
export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const client = useClient();
  const [session, setSession] = useState<SessionState>({ state: "loading" });

  useEffect(() => {
    const { data } = client.auth.onAuthStateChange((_event, next) => {
      setSession((before) => changed(before, stateOf(next)));
    });
    return () => data.subscription.unsubscribe();
  }, [client]);

  return <SessionContext value={session}>{children}</SessionContext>;
}

export function useSession(): SessionState {
  return useContext(SessionContext);
}

function stateOf(session: Session | null): SessionState {
  return session === null ? { state: "signed_out" } : {
    state: "signed_in",
    userId: session.user.id,
    email: session.user.email ?? "",
  };
}

/** A renewed token is no news: the same object stays, and nothing below is drawn again. */
function changed(before: SessionState, after: SessionState): SessionState {
  const same = before.state === after.state &&
    (before.state !== "signed_in" || after.state !== "signed_in" ||
      before.userId === after.userId && before.email === after.email);
  return same ? before : after;
}
