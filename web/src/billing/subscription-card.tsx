import { formatMoney } from "../format/money.ts";
import { Link } from "../routing/link.tsx";
import { Badge } from "../ui/badge.tsx";
import { isEnding, isOver, type Subscription, type SubscriptionItem } from "./billing.ts";
import { PortalButtons } from "./portal-buttons.tsx";
import { subscriptionStatusWords } from "./status-words.ts";
import { subscriptionSentence } from "./subscription-sentence.ts";

interface SubscriptionCardProps {
  readonly subscription: Subscription | undefined;
  readonly hasPayments: boolean;
  /** A product's name, where the catalogue still has it. */
  readonly nameOf: (productId: string) => string | undefined;
}

/** The current subscription: what, how much, what happens next, and how to change it. */
export function SubscriptionCard({ subscription, hasPayments, nameOf }: SubscriptionCardProps) {
  return (
    <section className="card" aria-labelledby="subscription-title">
      <h2 id="subscription-title">Subscription</h2>
      {subscription === undefined
        ? <NoSubscription hasPayments={hasPayments} />
        : <CurrentSubscription subscription={subscription} nameOf={nameOf} />}
    </section>
  );
}

function NoSubscription({ hasPayments }: { readonly hasPayments: boolean }) {
  return (
    <>
      <p>You have no subscription. Pick a plan and it will show up here.</p>
      <p>
        <Link className="button button-primary" to="/#plans">See the plans</Link>
      </p>
      {hasPayments && <PortalButtons flows={["manage"]} />}
    </>
  );
}

type CurrentSubscriptionProps =
  & Pick<SubscriptionCardProps, "nameOf">
  & { readonly subscription: Subscription };

function CurrentSubscription({ subscription, nameOf }: CurrentSubscriptionProps) {
  const words = subscriptionStatusWords(subscription.status);
  const over = isOver(subscription);
  const ending = !over && isEnding(subscription);
  const names = subscription.items.map((item) => nameOf(item.productId) ?? "Your plan");
  return (
    <>
      <div className="subscription" role="status">
        <p className="subscription-name">
          <span>{names.length === 0 ? "Your plan" : names.join(", ")}</span>
          <Badge tone={words.tone}>{words.label}</Badge>
          {ending && <Badge tone="attention">Will not renew</Badge>}
        </p>
        {subscription.items.map((item) => <ItemPrice key={item.productId} item={item} />)}
        <p className="subscription-next">{subscriptionSentence(subscription)}</p>
      </div>
      {over
        ? (
          <p>
            <Link className="button button-primary" to="/#plans">Subscribe again</Link>
          </p>
        )
        : (
          <PortalButtons
            flows={ending
              ? ["manage", "update_payment_method"]
              : ["manage", "update_payment_method", "cancel"]}
          />
        )}
    </>
  );
}

function ItemPrice({ item }: { readonly item: SubscriptionItem }) {
  if (item.unitAmountMinor === undefined) return null;
  return (
    <p className="subscription-price">
      {formatMoney(item.unitAmountMinor * item.quantity, item.currency)}
      {item.interval !== undefined && ` per ${item.interval}`}
    </p>
  );
}
