import { useEffect } from "react";
import { navigate } from "../routing/location-store.ts";
import { useSession } from "./session-context.tsx";

/** Leaves a sign-in page as soon as somebody is signed in, here or in another tab. */
export function useLeaveWhenSignedIn(next: string): void {
  const { state } = useSession();
  useEffect(() => {
    if (state === "signed_in") navigate(next, "replace");
  }, [state, next]);
}
