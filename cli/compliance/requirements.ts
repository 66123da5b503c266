/** Whether code, the hosting platform or people make a requirement true. */
export type RequirementKind = "code" | "platform" | "people";

/** The milestone in which a row lands; `null` where none has been chosen yet. */
export type Milestone = 1 | 2 | 3 | 4 | 5 | null;

/** One row of the requirements table: a point of the security document and what makes it true. */
export interface Requirement {
  readonly id: string;
  readonly milestone: Milestone;
  readonly kind: RequirementKind;
  readonly must: string;
  /** The page a person reads about it, from the repository's root; `null` where nobody has to. */
  readonly page: string | null;
}

function row(kind: RequirementKind) {
  return (id: string, milestone: Milestone, must: string, page: string | null = null) =>
    ({ id, milestone, kind, must, page }) satisfies Requirement;
}

const code = row("code");
const platform = row("platform");
const people = row("people");

const KEYS: readonly Requirement[] = [
  code("2.1a", 1, "No secret in a response, log line, browser bundle or the git history"),
  code(
    "2.1b",
    1,
    "Configuration is read once and frozen; one bad variable answers 503 and calls nobody",
    "docs/configuration.md",
  ),
  code(
    "2.1c",
    3,
    "Restricted keys suffice, permissions listed by function; unrestricted live keys are refused",
    "docs/stripe-keys.md",
  ),
  code(
    "2.1d",
    4,
    "Keys and webhook secrets rotate with an overlap; use, age and the 90-day alert are visible",
    "docs/runbooks/rotate-keys.md",
  ),
  people("2.1e", null, "Who can read each secret has been reviewed", "docs/compliance.md"),
  code("2.2a", 1, "The redirect flow needs no Stripe publishable key", "docs/pci.md"),
  code(
    "2.2b",
    1,
    "A client gets Supabase's publishable key only; no kind of key passes for another",
    "docs/configuration.md",
  ),
  code(
    "2.3a",
    3,
    "Environment and key prefix agree; every combination is tested",
    "docs/configuration.md",
  ),
  code("2.3b", 3, "An event from the other mode is refused, audited and without effect"),
  code(
    "2.3c",
    3,
    "Endpoints and webhook secrets differ by environment; sharing one is found",
    "docs/webhooks.md",
  ),
];

const WEBHOOKS: readonly Requirement[] = [
  code(
    "3.1a",
    1,
    "Signatures are verified over raw bytes in constant time, and nothing switches that off",
    "docs/webhooks.md",
  ),
  code(
    "3.1b",
    1,
    "Secrets live in the environment, their shape is checked, the database holds none",
    "docs/configuration.md",
  ),
  code(
    "3.1c",
    1,
    "Nothing is parsed or stored before verification; body, header and signatures are bounded",
    "docs/webhooks.md",
  ),
  code(
    "3.2a",
    1,
    "One event has one effect: 100 concurrent deliveries all answer 200",
    "docs/webhooks.md",
  ),
  code(
    "3.2b",
    1,
    "The event id is the key; the same id with another type or object is quarantined",
    "docs/webhooks.md",
  ),
  code(
    "3.2c",
    4,
    "Timestamps beyond 300 s are refused; a resend after the 90-day purge has no second effect",
    "docs/webhooks.md",
  ),
  code("3.3a", 3, "Plain http is refused outside development and never redirected"),
  code("3.3b", 3, "Outbound calls go to Stripe and configured sinks only, verified, no redirects"),
];

const DATA: readonly Requirement[] = [
  code(
    "4.1a",
    4,
    "Card-shaped input is refused, not logged, and a scheduled scan finds none",
    "docs/data-protection.md",
  ),
  code(
    "4.1b",
    4,
    "Of a card only brand, last four and expiry are stored; constraints say so",
    "docs/pci.md",
  ),
  code(
    "4.1c",
    4,
    "Projections are allow-lists; every column with personal data is inventoried",
    "docs/data-inventory.md",
  ),
  code(
    "4.2a",
    4,
    "Sensitive fields are encrypted, bound to their place, with rotating keys",
    "docs/encryption.md",
  ),
  code(
    "4.2b",
    4,
    "Grants equal a checked-in snapshot; no API role can touch audit rows",
    "docs/database.md",
  ),
  code(
    "4.2c",
    4,
    "Staff reads are audited and give a reason; direct reads are logged by pgaudit",
    "docs/data-protection.md",
  ),
  platform(
    "4.3a",
    4,
    "TLS 1.2 or newer everywhere; an unverified database URL is refused in production",
    "docs/data-protection.md",
  ),
  code("4.3b", 4, "Security headers on every response of every status; exact CORS"),
];

const ACCESS: readonly Requirement[] = [
  code("5.1a", 2, "A user is a verified Supabase identity; anonymous users are refused"),
  code("5.1b", 2, "The session still exists: a token used after sign-out is refused at once"),
  code("5.1c", 3, "Expiry is enforced; maximum age and second factor can be required"),
  code("5.2a", 3, "Staff roles come from a live permission table", "docs/staff.md"),
  code("5.2b", 2, "Each function has a database role that runs only its own procedures"),
  code("5.2c", 4, "Every service operation leaves who, what, when, request id, key fingerprint"),
  code("5.3a", 3, "Ownership holds for every table, verb and role"),
  code("5.3b", 3, "Every operation has a permission; one without it fails the checks"),
  code("5.3c", 3, "Requests are throttled exactly, with Retry-After and RateLimit fields"),
];

const CARDS: readonly Requirement[] = [
  code("6.1a", 1, "Hosted Checkout and portal only", "docs/pci.md"),
  code("6.1b", 1, "No card field exists; card-shaped input is refused", "docs/pci.md"),
  code("6.1c", 1, "Stripe's ids stand for cards; no card data is stored", "docs/pci.md"),
  code("6.2a", 4, "An SAQ A evidence file is generated from the checks", "docs/pci.md"),
  people("6.2b", null, "The self-assessment questionnaire is answered every year", "docs/pci.md"),
  people("6.2c", null, "Scans and assessor have looked at it from outside", "docs/pci.md"),
];

const LIMITS: readonly Requirement[] = [
  code("7.1a", 3, "2,000 concurrent calls against a limit of 10 let exactly 10 through"),
  code("7.1b", 3, "Bursts are bounded, and so is the total sent to Stripe", "docs/limits.md"),
  code("7.1c", 3, "Limits are per user, then per address; a forged header moves nobody's"),
  code("7.2a", 3, "Velocity over sliding windows holds and alerts", "docs/limits.md"),
  code("7.2b", 3, "Country rules use verified Stripe data", "docs/limits.md"),
  code("7.2c", 3, "Amount caps are exact under concurrency", "docs/limits.md"),
];

const LOGS: readonly Requirement[] = [
  code("8.1a", 4, "Every branch that ends an operation maps to one catalogued event"),
  code(
    "8.1b",
    5,
    "Logs are structured through an allow-list; a line cannot be forged",
    "docs/logs.md",
  ),
  code("8.1c", 4, "Retention by class is enforced, and a legal hold stops it", "docs/retention.md"),
  code("8.2a", 5, "Each alert fires within 60 s, once, signed and retried", "docs/alerts.md"),
  code("8.2b", 5, "Anomaly detection with measured precision and recall", "docs/anomalies.md"),
  code("8.2c", 5, "Rates, errors and latencies per function", "docs/monitoring/README.md"),
  code("8.3a", 4, "A state change and its audit row commit together or not at all"),
  code("8.3b", 4, "The trail is append-only and sealed; tampering is found and located"),
  code("8.3c", 4, "Verification runs daily and signs its report; a missed run alerts"),
];

const ERRORS: readonly Requirement[] = [
  code("9.1a", 1, "Errors are problem+json from a closed list", "docs/errors.md"),
  code("9.1b", 1, "Details go to the log under the same request id", "docs/errors.md"),
  code("9.1c", 1, "A last-resort handler survives anything thrown", "docs/errors.md"),
  code("9.2a", 3, "Strict objects, bounded depth and size"),
  code("9.2b", 3, "Every input is validated first; SQL is parameterised only"),
  code("9.2c", 3, "Branded ids, no any, prototype keys inert"),
];

const INCIDENTS: readonly Requirement[] = [
  code("10.1a", 4, "Runbooks are commands; each containment is one", "docs/runbooks/README.md"),
  code(
    "10.1b",
    4,
    "Affected users come from the trail; each notice is sent once",
    "docs/incidents.md",
  ),
  code("10.1c", 4, "The 72-hour clock, its fields, and reasons if late", "docs/incidents.md"),
  code("10.2a", 4, "Legal holds freeze purging; evidence verifies offline", "docs/evidence.md"),
  code("10.2b", 4, "Custody is hash-linked: who, why, when, digest", "docs/evidence.md"),
  code("10.2c", 4, "An incident closes only with cause and follow-ups", "docs/incidents.md"),
];

/** Every requirement in the order of the security document. */
export const REQUIREMENTS: readonly Requirement[] = [
  ...KEYS,
  ...WEBHOOKS,
  ...DATA,
  ...ACCESS,
  ...CARDS,
  ...LIMITS,
  ...LOGS,
  ...ERRORS,
  ...INCIDENTS,
];

/** Rows that also need a dated record, which only people can make (docs/compliance/records). */
const WAIT_FOR_PEOPLE = ["4.2a", "4.3a"];

/** The rows that are done today; the gate in `.ci/run` holds them. */
export const IN_SCOPE: readonly string[] = REQUIREMENTS
  .filter(({ id, milestone }) =>
    milestone !== null && milestone <= 5 && !WAIT_FOR_PEOPLE.includes(id)
  )
  .map((requirement) => requirement.id);
