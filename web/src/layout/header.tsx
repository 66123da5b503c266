import { useState } from "react";
import { useClient } from "../api/client-context.ts";
import { useSession } from "../auth/session-context.tsx";
import { useSingleFlight } from "../ui/use-single-flight.ts";
import { Link } from "../routing/link.tsx";
import { navigate } from "../routing/location-store.ts";
import { useLocation } from "../routing/use-location.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { Logo } from "./logo.tsx";

/** The bar on top: the way home, the plans, and the way in or out. */
export function Header() {
  const { path } = useLocation();
  return (
    <header className="header">
      <div className="header-inner">
        <Link className="brand" to="/" aria-label="Tidepost, home">
          <Logo />
          <span>Tidepost</span>
        </Link>
        <nav className="nav" aria-label="Main">
          <Link to="/#plans" className="nav-plans">Plans</Link>
          <SessionLinks path={path} />
        </nav>
      </div>
    </header>
  );
}

function SessionLinks({ path }: { readonly path: string }) {
  const session = useSession();
  if (session.state === "loading") return null;
  if (session.state === "signed_in") {
    return (
      <>
        <Link to="/account" aria-current={path === "/account" ? "page" : undefined}>Account</Link>
        <SignOut />
      </>
    );
  }
  return (
    <>
      <Link to="/sign-in" aria-current={path === "/sign-in" ? "page" : undefined}>Sign in</Link>
      <Link className="button button-primary button-small nav-start" to="/sign-up">
        Get started
      </Link>
    </>
  );
}

function SignOut() {
  const client = useClient();
  const [stuck, setStuck] = useState(false);
  const { busy, run } = useSingleFlight(async () => {
    // First away from pages that would ask to sign in again.
    navigate("/");
    // This device only: elsewhere the person may still want to be signed in.
    const { error } = await client.auth.signOut({ scope: "local" });
    setStuck(error !== null);
    return "done" as const;
  });
  return (
    <>
      <Button look="quiet" busy={busy} onClick={run}>Sign out</Button>
      {stuck && (
        <div className="header-notice">
          <Notice tone="bad" role="alert" title="You are still signed in">
            <p>We could not reach the sign-in service. Try again in a moment.</p>
          </Notice>
        </div>
      )}
    </>
  );
}
