import { formatMoney } from "../format/money.ts";
import { Link } from "../routing/link.tsx";
import type { Product } from "./catalogue.ts";

/** Something sold once. */
export function ExtraCard({ extra }: { readonly extra: Product }) {
  const price = extra.prices[0];
  if (price === undefined) return null;
  return (
    <article className="extra" aria-label={extra.name}>
      <div>
        <h3>{extra.name}</h3>
        <p>{extra.description}</p>
      </div>
      <p className="extra-price">
        <strong>{formatMoney(price.unitAmountMinor, price.currency, { short: true })}</strong>{" "}
        <span>once</span>
      </p>
      <Link
        className="button button-secondary"
        to={`/checkout?${new URLSearchParams({ price: price.reference })}`}
      >
        Buy<span className="visually-hidden">{extra.name}</span>
      </Link>
    </article>
  );
}
