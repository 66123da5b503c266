import { notesFor } from "../content/plan-notes.ts";
import { formatMoney } from "../format/money.ts";
import { Link } from "../routing/link.tsx";
import { Badge } from "../ui/badge.tsx";
import { type Price, priceFor, type Product } from "./catalogue.ts";

interface PlanCardProps {
  readonly plan: Product;
  readonly interval: "month" | "year";
  readonly owned: boolean;
  readonly featured: boolean;
}

/** One plan with the price for the chosen interval, or the other where it has only that. */
export function PlanCard({ plan, interval, owned, featured }: PlanCardProps) {
  const price = priceFor(plan, interval) ?? plan.prices[0];
  if (price === undefined) return null;
  return (
    <article className={`plan${featured ? " plan-featured" : ""}`} aria-label={plan.name}>
      <div className="plan-name">
        <h3>{plan.name}</h3>
        {owned && <Badge tone="good">Your plan</Badge>}
      </div>
      <p className="plan-description">{plan.description}</p>
      <PlanPrice plan={plan} price={price} />
      <ul className="plan-notes">
        {notesFor(plan.name).map((note) => <li key={note}>{note}</li>)}
      </ul>
      {owned
        ? (
          <Link className="button button-secondary button-wide" to="/account">
            Manage {plan.name}
          </Link>
        )
        : (
          <Link
            className={`button button-wide ${featured ? "button-primary" : "button-secondary"}`}
            to={`/checkout?${new URLSearchParams({ price: price.reference })}`}
          >
            Choose {plan.name}
          </Link>
        )}
    </article>
  );
}

function PlanPrice({ plan, price }: { readonly plan: Product; readonly price: Price }) {
  const saving = price.interval === "year" ? yearlySaving(plan, price) : 0;
  return (
    <p className="plan-price">
      <strong>{formatMoney(price.unitAmountMinor, price.currency, { short: true })}</strong>{" "}
      <span>per {price.interval}</span>
      {saving > 0 && (
        <span className="plan-saving">
          Saves {formatMoney(saving, price.currency, { short: true })}
        </span>
      )}
    </p>
  );
}

/** What twelve months would cost more, in minor units. */
function yearlySaving(plan: Product, yearly: Price): number {
  const monthly = priceFor(plan, "month");
  return monthly === undefined || monthly.currency !== yearly.currency
    ? 0
    : monthly.unitAmountMinor * 12 - yearly.unitAmountMinor;
}
