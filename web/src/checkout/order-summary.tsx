import type { Price, Product } from "../catalogue/catalogue.ts";
import { intervalWords } from "../catalogue/catalogue.ts";
import { formatMoney } from "../format/money.ts";
import { Link } from "../routing/link.tsx";
import { Button } from "../ui/button.tsx";
import { FailureNotice } from "../ui/failure-notice.tsx";
import { Notice } from "../ui/notice.tsx";
import { useCountdown } from "../ui/use-countdown.ts";
import { useCheckout } from "./use-checkout.ts";

interface OrderSummaryProps {
  readonly product: Product;
  readonly price: Price;
  readonly email: string;
  /** Whether the person has just come back from the hosted page without paying. */
  readonly canceled: boolean;
}

/** The order in words and the button that leaves for the hosted page. */
export function OrderSummary({ product, price, email, canceled }: OrderSummaryProps) {
  const { busy, failure, checkout } = useCheckout();
  const heldSeconds = useCountdown(failure?.retryAfterSeconds ?? 0, failure);
  const once = price.interval === "once";
  const buy = () =>
    checkout({ mode: once ? "payment" : "subscription", price: price.reference, quantity: 1 });
  return (
    <>
      {canceled && failure === undefined && (
        <Notice tone="quiet" title="Nothing was charged" role="status">
          <p>You left before paying. Your order is still here.</p>
        </Notice>
      )}
      <OrderLines product={product} price={price} email={email} />
      {failure !== undefined && <FailureNotice failure={failure} />}
      <Button wide busy={busy} held={heldSeconds > 0} onClick={buy}>
        {busy ? "Opening the payment page…" : once ? "Continue to payment" : "Subscribe"}
      </Button>
      <p className="fine">
        You pay on Stripe’s own page; this site never sees your card. {once
          ? "You pay once."
          : `It renews ${
            price.interval === "month" ? "each month" : "each year"
          } until you cancel.`}
      </p>
      <p className="fine">
        <Link to="/#plans">Choose something else</Link>
      </p>
    </>
  );
}

type OrderLinesProps = Pick<OrderSummaryProps, "product" | "price" | "email">;

function OrderLines({ product, price, email }: OrderLinesProps) {
  const amount = formatMoney(price.unitAmountMinor, price.currency);
  return (
    <dl className="order">
      <div className="order-line order-product">
        <dt>
          <span className="order-name">{product.name}</span>
          <span className="order-description">{product.description}</span>
        </dt>
        <dd>
          {amount} <span className="order-interval">{intervalWords(price.interval)}</span>
        </dd>
      </div>
      <div className="order-line">
        <dt>Account</dt>
        <dd className="order-email">{email}</dd>
      </div>
      <div className="order-line order-total">
        <dt>Due today</dt>
        <dd>{amount}</dd>
      </div>
    </dl>
  );
}
