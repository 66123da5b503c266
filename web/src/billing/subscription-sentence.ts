import { formatDay } from "../format/date.ts";
import { isEnding, isOver, type Subscription } from "./billing.ts";

/** Says in one sentence what happens next with a subscription. */
export function subscriptionSentence(subscription: Subscription): string {
  if (isOver(subscription)) return sinceWhen(subscription);
  if (isEnding(subscription)) {
    const end = subscription.cancelAt ?? subscription.currentPeriodEnd;
    return end === undefined
      ? "It is canceled and ends with the period you paid for."
      : `It is canceled and stays active until ${formatDay(end)}. Nothing more is charged.`;
  }
  switch (subscription.status) {
    case "past_due":
    case "unpaid":
      return "The last payment failed. Update your payment method to keep your plan.";
    case "incomplete":
      return "The first payment is not through yet.";
    case "paused":
      return "It is paused; nothing is charged meanwhile.";
    default:
      return renewal(subscription);
  }
}

function sinceWhen({ endedAt }: Subscription): string {
  return endedAt === undefined ? "It has ended." : `It ended on ${formatDay(endedAt)}.`;
}

function renewal({ status, currentPeriodEnd }: Subscription): string {
  if (currentPeriodEnd === undefined) return "It renews until you cancel.";
  const day = formatDay(currentPeriodEnd);
  return status === "trialing" ? `The trial ends on ${day}.` : `It renews on ${day}.`;
}
