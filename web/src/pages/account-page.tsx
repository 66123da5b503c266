import { SignedInOnly } from "../auth/signed-in-only.tsx";
import type { Billing } from "../billing/billing.ts";
import { PaymentMethodsCard } from "../billing/payment-methods-card.tsx";
import { PaymentsTable } from "../billing/payments-table.tsx";
import { RefreshBilling } from "../billing/refresh-billing.tsx";
import { SubscriptionCard } from "../billing/subscription-card.tsx";
import { useBilling } from "../billing/use-billing.ts";
import { useSettlingReload } from "../billing/use-settling-reload.ts";
import type { Product } from "../catalogue/catalogue.ts";
import { useCatalogue } from "../catalogue/use-catalogue.ts";
import { useLocation } from "../routing/use-location.ts";
import { FailureNotice } from "../ui/failure-notice.tsx";
import { Page } from "../ui/page.tsx";
import { Skeleton } from "../ui/skeleton.tsx";

/** The signed-in person's subscription, payment methods and payments. */
export function AccountPage() {
  return (
    <SignedInOnly>
      {(person) => (
        <Page title="Account" width="wide">
          <div className="account-head">
            <h1>Your account</h1>
            <p className="account-email">{person.email}</p>
          </div>
          <Account userId={person.userId} />
        </Page>
      )}
    </SignedInOnly>
  );
}

function Account({ userId }: { readonly userId: string }) {
  const { query } = useLocation();
  const catalogue = useCatalogue().loaded;
  const { loaded, reload } = useBilling(userId);
  const unsettled = loaded.state === "ready" && loaded.value.subscription?.status === "incomplete";
  useSettlingReload(reload, unsettled || query.get("from") === "portal");
  if (loaded.state === "failed") {
    return <FailureNotice failure={loaded.failure} onRetry={() => void reload()} />;
  }
  // The catalogue only gives the plan its name; without it the account is shown all the same.
  if (loaded.state === "loading" || catalogue.state === "loading") {
    return <Skeleton label="Loading your account" lines={6} />;
  }
  const plans = catalogue.state === "ready" ? catalogue.value.plans : [];
  return <AccountBody billing={loaded.value} plans={plans} reload={reload} />;
}

interface AccountBodyProps {
  readonly billing: Billing;
  readonly plans: readonly Product[];
  readonly reload: () => Promise<void>;
}

function AccountBody({ billing, plans, reload }: AccountBodyProps) {
  const nameOf = (productId: string) => plans.find((plan) => plan.id === productId)?.name;
  return (
    <div className="account-body">
      <RefreshBilling reload={reload} />
      <SubscriptionCard
        subscription={billing.subscription}
        hasPayments={billing.payments.length > 0}
        nameOf={nameOf}
      />
      <PaymentMethodsCard methods={billing.paymentMethods} />
      <PaymentsTable payments={billing.payments} />
    </div>
  );
}
