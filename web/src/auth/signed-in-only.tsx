import { type ReactNode, useEffect } from "react";
import { navigate } from "../routing/location-store.ts";
import { useLocation } from "../routing/use-location.ts";
import { Skeleton } from "../ui/skeleton.tsx";
import { useSession } from "./session-context.tsx";

interface SignedInOnlyProps {
  /** Where everybody else goes first; most people who buy are new. */
  readonly door?: "/sign-in" | "/sign-up";
  readonly children: (person: { readonly userId: string; readonly email: string }) => ReactNode;
}

/** Shows its content to a signed-in person and sends everybody else to the door. */
export function SignedInOnly({ door = "/sign-in", children }: SignedInOnlyProps) {
  const session = useSession();
  const { path, query } = useLocation();
  const here = query.size === 0 ? path : `${path}?${query}`;
  useEffect(() => {
    if (session.state === "signed_out") {
      navigate(`${door}?${new URLSearchParams({ next: here })}`, "replace");
    }
  }, [session.state, door, here]);
  if (session.state !== "signed_in") {
    return (
      <div className="page page-narrow">
        <Skeleton label="Looking up your session" />
      </div>
    );
  }
  return children(session);
}
