/** How good a state is for the person who sees it; decides the colour, never the only sign. */
export type Tone = "good" | "attention" | "bad" | "quiet";

export interface StatusWords {
  readonly label: string;
  readonly tone: Tone;
}

const subscriptionWords: Readonly<Record<string, StatusWords>> = {
  active: { label: "Active", tone: "good" },
  trialing: { label: "Trial", tone: "good" },
  past_due: { label: "Payment failed", tone: "bad" },
  unpaid: { label: "Unpaid", tone: "bad" },
  incomplete: { label: "Waiting for payment", tone: "attention" },
  incomplete_expired: { label: "Never started", tone: "quiet" },
  canceled: { label: "Canceled", tone: "quiet" },
  paused: { label: "Paused", tone: "attention" },
};

const paymentWords: Readonly<Record<string, StatusWords>> = {
  succeeded: { label: "Paid", tone: "good" },
  processing: { label: "Processing", tone: "attention" },
  requires_action: { label: "Needs confirmation", tone: "attention" },
  requires_confirmation: { label: "Needs confirmation", tone: "attention" },
  requires_payment_method: { label: "Not paid", tone: "bad" },
  requires_capture: { label: "Authorized", tone: "attention" },
  canceled: { label: "Canceled", tone: "quiet" },
};

/** Words for a subscription's status; one Stripe adds later is shown as it is. */
export function subscriptionStatusWords(status: string): StatusWords {
  return subscriptionWords[status] ?? { label: asWords(status), tone: "quiet" };
}

/** Words for a payment's status; one Stripe adds later is shown as it is. */
export function paymentStatusWords(status: string): StatusWords {
  return paymentWords[status] ?? { label: asWords(status), tone: "quiet" };
}

function asWords(status: string): string {
  return status.charAt(0).toUpperCase() + status.slice(1).replaceAll("_", " ");
}
