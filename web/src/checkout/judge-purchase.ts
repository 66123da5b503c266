/** The rows a purchase is judged by; `undefined` where none is visible yet. */
export interface PurchaseRows {
  readonly session: {
    readonly mode: string;
    readonly status: string | null;
    readonly paymentStatus: string;
  } | undefined;
  readonly subscriptionStatus: string | undefined;
  readonly paymentStatus: string | undefined;
}

/** What can be said for certain about a purchase. */
export type Verdict =
  | "unknown" /* no row of ours for this checkout */
  | "open" /* the checkout is not paid */
  | "confirming" /* paid, and we wait for the rest to arrive */
  | "processing" /* paid with something that takes days */
  | "active" /* the subscription runs */
  | "paid" /* the one-time purchase is paid */
  | "failed" /* the payment did not go through */
  | "expired"; /* nobody paid in time */

/** Says what the rows prove. Never more: `active` needs the subscription's own row. */
export function judgePurchase(rows: PurchaseRows): Verdict {
  const { session } = rows;
  if (session === undefined) return "unknown";
  if (session.status === "expired") return "expired";
  if (session.status !== "complete") return "open";
  return session.mode === "subscription" ? judgeSubscription(rows) : judgePayment(rows);
}

function judgeSubscription(rows: PurchaseRows): Verdict {
  switch (rows.subscriptionStatus) {
    case "active":
    case "trialing":
      return "active";
    case "past_due":
    case "unpaid":
    case "incomplete_expired":
    case "canceled":
      return "failed";
    default:
      return "confirming";
  }
}

function judgePayment(rows: PurchaseRows): Verdict {
  if (rows.paymentStatus === "succeeded") return "paid";
  if (rows.paymentStatus === "processing") return "processing";
  if (rows.paymentStatus === "canceled") return "failed";
  return rows.session?.paymentStatus === "unpaid" ? "processing" : "confirming";
}
