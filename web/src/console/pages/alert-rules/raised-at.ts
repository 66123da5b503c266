import { formatSpan } from "../../format.ts";
import type { Rule } from "./schemas.ts";

/** What the threshold of a rule counts; of a rule that is not here it is a number of times. */
const units: Readonly<Record<string, { said: (threshold: number) => string; hint: string }>> = {
  backlog_age: {
    said: (seconds) => `${formatSpan(seconds)} old`,
    hint: "Seconds that the oldest thing to do has waited.",
  },
  key_age: { said: (days) => `${days} days old`, hint: "Days since a key's first use." },
  anomaly: {
    said: (deviations) => `${deviations} usual deviations`,
    hint: "How many usual deviations away from what is expected.",
  },
};

/** Rules whose numbers are settings, because they also put on hold. */
const byLimits: ReadonlySet<string> = new Set([
  "card_testing",
  "unpaid_sessions",
  "users_by_address",
  "new_customers",
  "amount_velocity",
]);

/** From what on a rule speaks, as one says it: `20 within 5 min`. */
export function raisedAt({ rule, threshold, window_seconds: window }: Rule): string {
  if (threshold === null) return byLimits.has(rule) ? "as the limits say" : "when it happens";
  const said = units[rule]?.said(threshold) ?? String(threshold);
  return window === null ? said : `${said} within ${formatSpan(window)}`;
}

/** What to type for the threshold of a rule. */
export function thresholdHint({ rule }: Rule): string {
  return units[rule]?.hint ?? "How many times, within the window.";
}
