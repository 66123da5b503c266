import { SignedInOnly } from "../auth/signed-in-only.tsx";
import { findOffer } from "../catalogue/catalogue.ts";
import { useCatalogue } from "../catalogue/use-catalogue.ts";
import { OrderSummary } from "../checkout/order-summary.tsx";
import { Link } from "../routing/link.tsx";
import { useLocation } from "../routing/use-location.ts";
import { FailureNotice } from "../ui/failure-notice.tsx";
import { Notice } from "../ui/notice.tsx";
import { Page } from "../ui/page.tsx";
import { Skeleton } from "../ui/skeleton.tsx";

/** The last look before the hosted page: what, how much, how often. */
export function CheckoutPage() {
  return (
    <SignedInOnly door="/sign-up">
      {(person) => (
        <Page title="Check your order">
          <div className="card">
            <h1>Check your order</h1>
            <Order email={person.email} />
          </div>
        </Page>
      )}
    </SignedInOnly>
  );
}

function Order({ email }: { readonly email: string }) {
  const { query } = useLocation();
  const { loaded, reload } = useCatalogue();
  if (loaded.state === "loading") return <Skeleton label="Loading your order" lines={4} />;
  if (loaded.state === "failed") {
    return <FailureNotice failure={loaded.failure} onRetry={() => void reload()} />;
  }
  const offer = findOffer(loaded.value, query.get("price") ?? "");
  if (offer === undefined) {
    return (
      <Notice tone="attention" title="This plan is no longer for sale" role="status">
        <p>It may have changed since the link was made.</p>
        <Link className="button button-secondary" to="/#plans">See the plans</Link>
      </Notice>
    );
  }
  return <OrderSummary {...offer} email={email} canceled={query.get("canceled") === "1"} />;
}
