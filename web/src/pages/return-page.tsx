import { SignedInOnly } from "../auth/signed-in-only.tsx";
import { PurchaseProgress } from "../checkout/purchase-progress.tsx";
import { Link } from "../routing/link.tsx";
import { useLocation } from "../routing/use-location.ts";
import { Page } from "../ui/page.tsx";

/** Where the hosted page sends people back to. Shows what is true, not what the address claims. */
export function ReturnPage() {
  return (
    <SignedInOnly>
      {() => (
        <Page title="Your purchase">
          <div className="card card-centred">
            <Purchase />
          </div>
        </Page>
      )}
    </SignedInOnly>
  );
}

function Purchase() {
  const sessionId = useLocation().query.get("session_id") ?? "";
  if (!/^cs_[A-Za-z0-9_]{1,250}$/.test(sessionId)) {
    return (
      <>
        <h1>There is no purchase in this link</h1>
        <p className="lead">If you have just paid, your account shows it.</p>
        <Link className="button button-primary" to="/account">Open your account</Link>
      </>
    );
  }
  return <PurchaseProgress sessionId={sessionId} />;
}
