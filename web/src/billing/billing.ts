/** A subscription of the signed-in person. `status` is Stripe's word; its list is open. */
export interface Subscription {
  readonly id: string;
  readonly status: string;
  readonly cancelAtPeriodEnd: boolean;
  readonly cancelAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly currentPeriodEnd: Date | undefined;
  readonly items: readonly SubscriptionItem[];
}

export interface SubscriptionItem {
  readonly productId: string;
  readonly currency: string;
  readonly unitAmountMinor: number | undefined;
  readonly interval: string | undefined;
  readonly quantity: number;
}

/** A payment of the signed-in person. `status` is Stripe's word for a PaymentIntent's state. */
export interface Payment {
  readonly id: string;
  readonly createdAt: Date;
  readonly amountMinor: number;
  readonly refundedMinor: number;
  readonly currency: string;
  readonly status: string;
  readonly purpose: "subscription" | "one_time";
}

/** A saved way to pay. Of a card: brand, last four digits and expiry, which is all there is. */
export interface PaymentMethod {
  readonly id: string;
  readonly type: string;
  readonly card: {
    readonly brand: string;
    readonly last4: string;
    readonly expMonth: number;
    readonly expYear: number;
  } | undefined;
}

export interface Billing {
  /** The one to show: running before ended, newest first. */
  readonly subscription: Subscription | undefined;
  /** Newest first. */
  readonly payments: readonly Payment[];
  /** Newest first. */
  readonly paymentMethods: readonly PaymentMethod[];
}

const overStatuses: ReadonlySet<string> = new Set(["canceled", "incomplete_expired"]);

/** Whether nothing more will come of a subscription. */
export function isOver(subscription: Subscription): boolean {
  return overStatuses.has(subscription.status);
}

/** Whether a subscription is set to end and not to renew. */
export function isEnding(subscription: Subscription): boolean {
  return subscription.cancelAtPeriodEnd || subscription.cancelAt !== undefined;
}

/** Whether a subscription gives its owner what was bought. */
export function isActive(subscription: Subscription): boolean {
  return subscription.status === "active" || subscription.status === "trialing";
}
