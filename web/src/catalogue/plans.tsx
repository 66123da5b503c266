import { useState } from "react";
import { useSession } from "../auth/session-context.tsx";
import { FailureNotice } from "../ui/failure-notice.tsx";
import { Notice } from "../ui/notice.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import type { Catalogue } from "./catalogue.ts";
import { ExtraCard } from "./extra-card.tsx";
import { IntervalSwitch } from "./interval-switch.tsx";
import { PlanCard } from "./plan-card.tsx";
import { useCatalogue } from "./use-catalogue.ts";
import { useOwnedProducts } from "./use-owned-products.ts";

/** What is for sale, as the catalogue has it at this moment. */
export function Plans() {
  const { loaded, reload } = useCatalogue();
  return (
    <section className="plans" id="plans" tabIndex={-1} aria-labelledby="plans-title">
      <div className="plans-head">
        <h2 id="plans-title">Plain prices</h2>
        <p className="lead">No seats to count, no overage. Change or cancel whenever you like.</p>
      </div>
      {loaded.state === "loading" && <Skeleton label="Loading the plans" lines={6} />}
      {loaded.state === "failed" && (
        <FailureNotice
          failure={loaded.failure}
          onRetry={() => void reload()}
        />
      )}
      {loaded.state === "ready" && <Shelf catalogue={loaded.value} />}
    </section>
  );
}

function Shelf({ catalogue }: { readonly catalogue: Catalogue }) {
  const [interval, setInterval] = useState<"month" | "year">("month");
  const session = useSession();
  const owned = useOwnedProducts(session.state === "signed_in" ? session.userId : undefined);
  const { plans, extras } = catalogue;
  if (plans.length === 0 && extras.length === 0) {
    return (
      <Notice tone="quiet" title="Nothing is for sale yet">
        <p>The catalogue is empty. Come back soon.</p>
      </Notice>
    );
  }
  const yearly = plans.some((plan) => plan.prices.some((price) => price.interval === "year"));
  return (
    <>
      {yearly && <IntervalSwitch value={interval} onChange={setInterval} />}
      <div className="plan-grid">
        {plans.map((plan, index) => (
          <PlanCard
            key={plan.id}
            plan={plan}
            interval={interval}
            owned={owned.has(plan.id)}
            featured={index === plans.length - 1 && plans.length > 1}
          />
        ))}
      </div>
      {extras.map((extra) => <ExtraCard key={extra.id} extra={extra} />)}
    </>
  );
}
