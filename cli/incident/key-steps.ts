const ROLL_FUNCTION_SECRETS =
  "supabase secrets set --env-file <file>   (never on the command line)";
const RECORD = (name: string) =>
  `When it is done: payments incident contain <incident> rotate-key ${name} --done --reason "…"`;

/** How each key is replaced. Stripe and Supabase have no API for most of it: people do these steps. */
const STEPS = {
  "stripe-secret-key": [
    "Stripe dashboard → Developers → API keys: make a new restricted key (docs/stripe-keys.md), do not roll yet",
    `STRIPE_SECRET_KEY: ${ROLL_FUNCTION_SECRETS}`,
    "Look that the worker reads Stripe with it: payments status, a backlog that does not grow",
    "Stripe dashboard: delete the leaked key, at once and without a grace period",
    "payments kill-switch checkout off, if it was thrown; make one checkout",
    "Stripe dashboard → Developers → Logs, by that key: what was done with it that we did not do?",
  ],
  "stripe-webhook-secret": [
    "Stripe dashboard → Webhooks → the endpoint → Roll secret, expiring the old one immediately",
    `STRIPE_WEBHOOK_SECRETS: the new one alone; ${ROLL_FUNCTION_SECRETS}`,
    "payments kill-switch webhooks off, if it was thrown: Stripe delivers again what it could not",
    "payments incident affected <incident> --key-fingerprint <the old one's>: what the forger reached",
  ],
  "supabase-secret-keys": [
    "Supabase dashboard → API keys: make a new key for the role (docs/function-keys.md), then delete the leaked one",
    "The functions see the new set at their next start: supabase functions deploy",
    "Where it was payments_worker: put the new one into Vault (docs/scheduler.md)",
  ],
  "encryption-keys": [
    "Make one: openssl rand -base64 32; put it first in PAYMENTS_ENCRYPTION_KEYS, keep the old one behind it",
    ROLL_FUNCTION_SECRETS,
    "payments encryption status, until nothing lies under the old one; then take it out",
  ],
  "hash-key": [
    "Make one: openssl rand -base64 32",
    `PAYMENTS_HASH_KEY: ${ROLL_FUNCTION_SECRETS}`,
    "Counts and holds by address begin anew: the old hashes match nobody",
  ],
  "audit-signing-key": [
    "payments audit new-key: its public half is signed by the old one",
    `PAYMENTS_AUDIT_SIGNING_KEY and PAYMENTS_AUDIT_PUBLIC_KEYS: ${ROLL_FUNCTION_SECRETS}`,
    "payments audit verify, against heads that left the database before the leak",
  ],
  "outbox-secret": [
    "Make one: echo whsec_$(openssl rand -base64 32); let the host application accept both",
    `PAYMENTS_OUTBOX_SECRET: ${ROLL_FUNCTION_SECRETS}`,
    "Let the host application accept the new one alone",
  ],
  "notify-secret": [
    "Make one: echo whsec_$(openssl rand -base64 32); let the sink accept both",
    `PAYMENTS_NOTIFY_SECRET: ${ROLL_FUNCTION_SECRETS}`,
    "Let the sink accept the new one alone",
  ],
  "database-password": [
    "Supabase dashboard → Database → Reset password",
    "Change it where PAYMENTS_DB_URL is kept: operators' machines, CI",
    "payments audit verify: the password's holder could have changed rows, and would be found",
  ],
} as const satisfies Record<string, readonly string[]>;

export const KEY_NAMES: readonly string[] = Object.keys(STEPS);

/** The steps for one key, numbered. */
export function keySteps(name: string): string {
  const steps = Object.entries(STEPS).find(([key]) => key === name)?.[1] ?? [];
  return [...steps.map((step, index) => `${index + 1}. ${step}`), RECORD(name)].join("\n");
}
