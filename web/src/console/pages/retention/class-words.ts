/** What of a class goes, and what of that a legal hold suspends. */
export interface ClassWords {
  readonly goes: string;
  /** By what a row is compared with a hold; what cannot be said to be outside of it stays. */
  readonly held: string;
}

/** The classes of docs/retention.md, by name. */
export const CLASS_WORDS: Readonly<Record<string, ClassWords>> = {
  audit: {
    goes: "Months of the audit trail; their hashes and a signed record stay.",
    held: "months that overlap its time",
  },
  events: {
    goes: "Months of what Stripe told us.",
    held: "months that overlap its time",
  },
  event_conflicts: {
    goes: "Deliveries that reused the id of another event.",
    held: "rows of its object and time",
  },
  raw_bodies: {
    goes: "Encrypted bodies of events that could not be applied; the event stays, dead.",
    held: "rows of its object and time",
  },
  client_details: {
    goes: "Encrypted addresses and user agents.",
    held: "rows of its user and time",
  },
  metrics: {
    goes: "Records of requests and their minutes; the totals stay.",
    held: "nothing: they name nobody",
  },
  domain_events: {
    goes: "Domain events that were delivered; those still to be told stay.",
    held: "rows of its user, object and time",
  },
  reservations: {
    goes: "Checkouts that are closed.",
    held: "rows of its user, checkout and time",
  },
  refusal_counts: {
    goes: "How often a limit refused whom.",
    held: "rows of its time",
  },
  rule_actions: {
    goes: "What the country policy judged, what rules had done at Stripe, holds that ended.",
    held: "rows of its object and time",
  },
  resolved_alerts: {
    goes: "Alerts that were resolved; open ones stay.",
    held: "rows of its time",
  },
  incidents: {
    goes: "Incidents that were closed, with all that belongs to them; open ones stay.",
    held: "rows of its time",
  },
};
