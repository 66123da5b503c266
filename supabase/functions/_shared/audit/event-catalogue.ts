import type { ErrorCode } from "../errors.ts";

export type AuditClass = "access" | "payment" | "event" | "staff" | "operation" | "integrity";
export type AuditSeverity = "info" | "notice" | "warning" | "critical";

/** One kind of audit row. */
export interface AuditEvent {
  readonly action: string;
  /** What has happened when such a row is there. */
  readonly meaning: string;
  readonly class: AuditClass;
  readonly severity: AuditSeverity;
  readonly outcomes: readonly ("success" | "refused" | "failure")[];
  /** Keys that `detail` may have. */
  readonly detail: readonly string[];
}

const LIMIT = ["bucket", "retry_after", "quota", "window"];
const CUSTODY = ["number", "record_sha256", "digest"];
const EVENT = ["event_type", "event", "attempt"];

const ENTRIES: readonly [
  action: string,
  meaning: string,
  of: AuditClass,
  severity: AuditSeverity,
  outcomes: AuditEvent["outcomes"],
  detail?: readonly string[],
][] = [
  ["checkout.authorized", "the guard let a checkout begin", "payment", "info", ["success"], [
    "mode",
    "decision",
  ]],
  [
    "checkout.refused",
    "the guard refused a checkout; the reason is its code",
    "payment",
    "notice",
    [
      "refused",
    ],
    LIMIT,
  ],
  [
    "checkout.opened",
    "a checkout session was made at Stripe; refused: a hold came first, and it is closed",
    "payment",
    "info",
    ["success", "refused"],
    [
      "amount_minor",
      "currency",
      "reservation",
    ],
  ],
  [
    "checkout.replaced",
    "an older session that stood in the way was ended, or was found paid",
    "payment",
    "info",
    ["success"],
    ["status"],
  ],
  [
    "checkout.released",
    "Stripe refused to make a session; the reservation is free",
    "payment",
    "warning",
    [
      "failure",
    ],
  ],
  ["portal.authorized", "the guard let a portal visit begin", "access", "info", ["success"], [
    "flow",
  ]],
  ["portal.refused", "the guard refused a portal visit", "access", "notice", ["refused"], LIMIT],
  ["portal.opened", "a portal link was handed out", "access", "info", ["success"]],
  ["sync.authorized", "the guard let a sync begin", "access", "info", ["success"]],
  ["sync.refused", "the guard refused a sync", "access", "notice", ["refused"], LIMIT],
  [
    "sync.recorded",
    "what was fetched of one customer was recorded",
    "access",
    "info",
    ["success"],
    [
      "objects",
    ],
  ],
  ["billing.read", "a user read their billing summary", "access", "info", ["success"]],
  ["event.applied", "an event's effect is in the database", "event", "info", ["success"], EVENT],
  ["event.queued", "an event marked its object for a fetch", "event", "info", ["success"], EVENT],
  ["event.ignored", "an event without effect was recorded", "event", "info", ["success"], EVENT],
  [
    "event.retry",
    "an event could not be applied and waits",
    "event",
    "warning",
    ["failure"],
    EVENT,
  ],
  [
    "event.dead",
    "an event could not be applied and was given up",
    "event",
    "critical",
    ["failure"],
    EVENT,
  ],
  [
    "event.quarantined",
    "an event is kept apart: its id was used for another event, or nobody can place it",
    "event",
    "critical",
    ["failure"],
    EVENT,
  ],
  [
    "event.refused",
    "an event of the other livemode was refused",
    "event",
    "warning",
    ["refused"],
    EVENT,
  ],
  [
    "event.replayed",
    "an operator put an event back in line",
    "staff",
    "notice",
    ["success"],
    EVENT,
  ],
  ["object.refreshed", "an object was fetched from Stripe", "event", "info", ["success"], [
    "outcome",
  ]],
  [
    "object.refresh_refused",
    "an object was fetched with another account's key",
    "event",
    "critical",
    ["failure"],
    ["account"],
  ],
  ["object.refresh_stuck", "an object cannot be fetched", "event", "warning", ["failure"]],
  ["outbox.delivered", "the host took a domain event", "event", "info", ["success"]],
  ["outbox.dead", "the host did not take a domain event", "event", "critical", ["failure"]],
  ["alert.delivered", "somebody was told of an alert", "operation", "info", ["success"]],
  ["alert.dead", "an alert could not be delivered", "operation", "critical", ["failure"]],
  ["reconcile.finished", "a reconciliation succeeded whole", "operation", "info", ["success"], [
    "found",
  ]],
  ["purge.finished", "what had served its time was dropped", "operation", "info", ["success"], [
    "partitions",
    "raw_bodies",
    "metrics",
    "event_conflicts",
    "client_details",
    "domain_events",
    "reservations",
    "incidents",
    "refusal_counts",
    "rule_actions",
    "resolved_alerts",
  ]],
  ["audit.purged", "a month of this log was dropped; its hashes stay", "integrity", "notice", [
    "success",
  ], ["rows"]],
  ["card_scan.finished", "every text was searched for card numbers", "operation", "info", [
    "success",
  ], ["blocks", "found"]],
  ["legal_hold.placed", "what it covers is not purged", "operation", "warning", ["success"], [
    "scope",
    "user",
    "resource",
    "from",
    "until",
  ]],
  ["legal_hold.release_requested", "somebody asked for a hold's release", "operation", "warning", [
    "success",
  ]],
  [
    "legal_hold.release_refused",
    "a hold was not released; the reason says why",
    "operation",
    "warning",
    ["refused"],
  ],
  ["legal_hold.released", "a second person released a hold", "operation", "critical", ["success"]],
  [
    "customer.deletion_queued",
    "a user was deleted; the end of billing is queued",
    "payment",
    "notice",
    [
      "success",
    ],
  ],
  ["customer.deleted", "a deleted user's billing has ended", "payment", "notice", ["success"]],
  ["user.held", "a rule put a user on hold", "payment", "warning", ["success"]],
  ["address.held", "a rule put an address on hold, for a time", "payment", "warning", ["success"]],
  ["country.refused", "the country policy did not like a payment", "payment", "warning", [
    "success",
  ], ["countries"]],
  ["subscription.duplicate_found", "a user has the same subscription twice", "payment", "warning", [
    "success",
  ], ["other"]],
  ["enforcement.done", "what a hold or a rule ordered was done at Stripe", "payment", "notice", [
    "success",
  ]],
  [
    "enforcement.not_needed",
    "what a hold or a rule ordered was no longer to be done",
    "payment",
    "info",
    ["success"],
  ],
  [
    "enforcement.not_confirmed",
    "Stripe does not show the reason of an order; nothing was done",
    "payment",
    "warning",
    ["failure"],
  ],
  ["refund.requested", "the country policy asked for a refund", "payment", "notice", ["success"], [
    "amount_minor",
  ]],
  ["refund.made", "a refund that staff asked for was made", "payment", "notice", ["success"], [
    "request",
    "refund",
  ]],
  ["refund.refused", "Stripe refused a refund", "payment", "warning", ["failure"], [
    "request",
    "refund",
  ]],
  ["staff.first_admin", "the first admin was made at the command line", "staff", "warning", [
    "success",
  ]],
  ["staff.role_granted", "a role was given", "staff", "warning", ["success"], ["role"]],
  ["staff.role_revoked", "a role was taken", "staff", "warning", ["success"], ["role"]],
  ["staff.listed", "the list of staff was read", "staff", "info", ["success"]],
  ["staff.refused", "a member of staff, or nobody of them, was refused", "staff", "warning", [
    "refused",
  ], [
    "permission",
  ]],
  ["staff.billing_read", "a user's billing was read by staff", "staff", "notice", ["success"]],
  ["staff.hold_set", "a user was put on hold by staff", "staff", "warning", ["success"]],
  ["staff.address_released", "a hold on an address was lifted by staff", "staff", "warning", [
    "success",
  ]],
  ["staff.hold_released", "a hold was lifted by staff", "staff", "warning", ["success"]],
  ["staff.switch_set", "a kill switch was thrown or taken back", "staff", "critical", ["success"], [
    "stop",
  ]],
  ["staff.settings_updated", "limits or caps were changed", "staff", "warning", ["success"], [
    "before",
    "after",
  ]],
  ["staff.retention_set", "how long a class is kept was changed", "staff", "warning", ["success"], [
    "before",
    "after",
  ]],
  ["staff.alerts_listed", "alerts were read by staff", "staff", "info", ["success"]],
  ["staff.event_read", "an event was looked at by staff", "staff", "info", ["success"]],
  ["staff.replay_tried", "staff looked at what a replay would do", "staff", "info", ["success"], [
    "matching",
  ]],
  ["staff.audit_searched", "this log was searched by staff", "staff", "notice", ["success"], [
    "fields",
    "rows",
  ]],
  ["staff.audit_proof_taken", "the proof of a row of this log was taken", "staff", "notice", [
    "success",
  ], ["seal"]],
  ["staff.user_found", "the user behind a Stripe id was looked up by staff", "staff", "notice", [
    "success",
  ], ["object"]],
  ["staff.sought_in_vain", "staff looked for something that there is not", "staff", "notice", [
    "failure",
  ]],
  ["staff.holds_listed", "who is on hold was read by staff", "staff", "notice", ["success"]],
  ["staff.alert_acknowledged", "somebody took an alert on", "staff", "notice", ["success"]],
  ["staff.alert_resolved", "somebody closed an alert", "staff", "notice", ["success"]],
  ["staff.alert_rule_set", "what a rule takes to speak was changed", "staff", "warning", [
    "success",
  ], ["before", "after"]],
  ["staff.legal_holds_listed", "legal holds were read by staff", "staff", "notice", ["success"]],
  ["staff.refund_requested", "a refund was asked for", "staff", "warning", ["success"], [
    "amount_minor",
    "request",
  ]],
  ["audit.verified", "the daily verification saw the whole trail", "integrity", "notice", [
    "success",
    "failure",
  ], ["seals", "rows", "findings"]],
  ["audit.restore_declared", "a restore from a backup was declared", "integrity", "critical", [
    "success",
  ], [
    "epoch",
    "common_number",
    "last_number",
  ]],
  ["incident.opened", "an incident was opened; its clock runs", "staff", "critical", ["success"], [
    "kind",
    "severity",
    "aware_at",
  ]],
  ["incident.assessed", "what is known of an incident was set", "staff", "notice", ["success"], [
    "fields",
    "severity",
    "personal_data",
    "aware_at",
    "people_count",
    "record_count",
  ]],
  [
    "incident.users_found",
    "the trail was searched for the users an incident touches",
    "staff",
    "notice",
    ["success"],
    ["from", "until", "key_fingerprint", "actor", "action", "resource", "users"],
  ],
  ["incident.contained", "a step of containment changed something", "staff", "critical", [
    "success",
  ], [
    "step",
    "subject",
    "users",
    "sessions",
  ]],
  [
    "incident.notices_queued",
    "notices to affected users were queued",
    "staff",
    "notice",
    ["success"],
    ["users"],
  ],
  [
    "incident.authority_notified",
    "the supervisory authority was told",
    "staff",
    "notice",
    ["success"],
    ["notified_at", "late", "reference"],
  ],
  [
    "incident.closed",
    "an incident was closed with its cause and follow-ups",
    "staff",
    "notice",
    ["success"],
    ["follow_ups", "undelivered", "told_otherwise"],
  ],
  ["staff.incidents_listed", "staff looked at the list of incidents", "staff", "notice", [
    "success",
  ]],
  ["staff.incident_read", "staff looked at an incident", "staff", "notice", ["success"]],
  ["notice.delivered", "an affected user's notice was taken", "operation", "info", ["success"], [
    "incident",
    "user",
  ]],
  [
    "notice.dead",
    "an affected user's notice was not taken in fifteen attempts",
    "operation",
    "critical",
    ["failure"],
    ["incident", "user"],
  ],
  [
    "evidence.export_begun",
    "an export of evidence began",
    "integrity",
    "warning",
    ["success"],
    CUSTODY,
  ],
  ["evidence.exported", "evidence left the database in an archive", "integrity", "critical", [
    "success",
  ], CUSTODY],
  ["evidence.accessed", "somebody looked at exported evidence", "integrity", "warning", [
    "success",
  ], CUSTODY],
  ["evidence.handed_over", "exported evidence was handed over", "integrity", "critical", [
    "success",
  ], CUSTODY],
  [
    "evidence.verified",
    "exported evidence was verified",
    "integrity",
    "notice",
    ["success"],
    CUSTODY,
  ],
  [
    "evidence.refused",
    "a custody record was refused; the reason is the code",
    "integrity",
    "warning",
    ["refused"],
    ["asked", "digest"],
  ],
];

/** Every action that is ever written to the audit log; docs/audit-events.md is generated from it. */
export const AUDIT_EVENTS: readonly AuditEvent[] = ENTRIES.map((
  [action, meaning, of, severity, outcomes, detail = []],
) => ({ action, meaning, class: of, severity, outcomes, detail }));

/**
 * Where each way to end badly is recorded: "log" is the request's `refused` line alone, because nothing
 * was decided in the database (decision 13: noise stays out of it). Otherwise the audit actions, the
 * first that fits, which carry the same code as their reason and the same request id as the log's line.
 */
export const ENDINGS = {
  bad_request: "log",
  invalid_signature: "log",
  wrong_livemode: ["event.refused"],
  unauthorized: "log",
  session_ended: ["checkout.refused", "portal.refused", "sync.refused"],
  anonymous_user: "log",
  sign_in_again: ["checkout.refused", "portal.refused", "sync.refused"],
  second_factor_required: ["portal.refused"],
  country_not_allowed: ["checkout.refused"],
  forbidden: ["checkout.refused", "portal.refused", "sync.refused"],
  https_required: "log",
  on_hold: ["checkout.refused", "portal.refused", "sync.refused"],
  not_found: "log",
  no_customer: ["portal.refused"],
  no_subscription: ["portal.refused"],
  method_not_allowed: "log",
  already_subscribed: ["checkout.refused"],
  idempotency_conflict: ["checkout.refused"],
  checkout_in_progress: ["checkout.refused"],
  payload_too_large: "log",
  unsupported_media_type: "log",
  invalid_request: "log",
  not_purchasable: ["checkout.refused"],
  rate_limited: ["checkout.refused", "portal.refused", "sync.refused"],
  stripe_failed: ["checkout.released"],
  switched_off: ["checkout.refused", "portal.refused", "sync.refused"],
  misconfigured: "log",
  unavailable: "log",
} as const satisfies Record<ErrorCode, "log" | readonly string[]>;

/** The page docs/audit-events.md. */
export function renderAuditEvents(): string {
  const events = AUDIT_EVENTS.map((event) => [
    `\`${event.action}\``,
    event.meaning,
    event.outcomes.join(", "),
    event.class,
    event.severity,
    event.detail.map((key) => `\`${key}\``).join(", "),
  ]);
  const endings = Object.entries(ENDINGS).map(([code, ending]) => [
    `\`${code}\``,
    ending === "log" ? "log line `refused`" : ending.map((action) => `\`${action}\``).join(", "),
  ]);
  return `# Audit events

Every action that is ever written to \`audit.audit_logs\`. Generated from
\`supabase/functions/_shared/audit/event-catalogue.ts\` by
\`npm run check -- --only "audit events" --write-types\`; a test holds every writer against the list.
What a row holds, and what protects it: [the audit trail](audit.md).

${renderTable(["Action", "Meaning", "Outcome", "Class", "Severity", "Keys of `detail`"], events)}
\`refused\` and \`failure\` rows carry the code or the error's name in \`reason\`. Staff's rows carry the
reason they gave. A key of \`detail\` may be absent.

## How a request ends

Each code of [errors](errors.md), and what tells of it afterwards. Whatever is decided in the
database leaves an audit row with the code as its reason; what is refused before that leaves the
request's log line, with the same request id, and no row: strangers cannot fill the log.

${renderTable(["Code", "Recorded as"], endings)}`;
}

/** A Markdown table as `deno fmt` leaves it. */
function renderTable(heading: readonly string[], rows: readonly string[][]): string {
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  return line(heading) + line(widths.map((width) => "-".repeat(width))) + rows.map(line).join("");
}
