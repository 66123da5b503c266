import type { Mutation } from "../mutation.ts";

const MIGRATIONS = "supabase/migrations";
const CONFIG = "supabase/functions/_shared/config.ts";
const CONFIG_TESTS = ["tests/unit/functions/config.test.ts"];
const RATES = `${MIGRATIONS}/20261124002300_rate_limits.sql`;
const GUARD = `${MIGRATIONS}/20261124002400_authorize_operation.sql`;
const STAFF = `${MIGRATIONS}/20261124002500_staff.sql`;
const SIGNALS = `${MIGRATIONS}/20261124002700_abuse_signals.sql`;
const STRENGTH = `${MIGRATIONS}/20261124002800_session_strength.sql`;
const VELOCITY = `${MIGRATIONS}/20261124003100_velocity.sql`;
const COUNTRY = `${MIGRATIONS}/20261124003110_country_policy.sql`;
const DUPLICATES = `${MIGRATIONS}/20261124003120_duplicate_subscriptions.sql`;
const ENFORCEMENTS = `${MIGRATIONS}/20261124003130_enforcements.sql`;
const FUNCTIONS = "tests/integration/functions";
const LIMIT_TESTS = [`${FUNCTIONS}/limits.test.ts`];
const STAFF_TESTS = [`${FUNCTIONS}/staff.test.ts`];
const VELOCITY_TESTS = [`${FUNCTIONS}/velocity.test.ts`];
const COUNTRY_TESTS = [`${FUNCTIONS}/country.test.ts`];
const DUPLICATE_TESTS = [`${FUNCTIONS}/duplicate-subscriptions.test.ts`];

/** Who may do what, how often, for how much, from where. */
export const GUARD_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "7.1b",
    what: "asks for a refund again without looking whether it was made",
    file: "supabase/functions/payments-worker/make-refund.ts",
    find: "claim.attempts > 1 ? await findRefund(stripe, claim) : null",
    replace: "null",
    tests: [`${FUNCTIONS}/refund-once.test.ts`],
    name: "is found, not made again",
  },
  {
    requirement: "7.1b",
    what: "asks for a refund for ever under a key with a saved server error",
    file: "supabase/functions/payments-worker/make-refund.ts",
    find: "isSavedError(error) && saved < claim.attempts - 1",
    replace: "false",
    tests: [`${FUNCTIONS}/refund-once.test.ts`],
    name: "is made once although",
  },
  {
    requirement: "2.1c",
    what: "takes an unrestricted live key without being told to",
    file: CONFIG,
    find: 'if (key.startsWith("sk_live_") && !unrestrictedAllowed) {',
    replace: "if (false) {",
    tests: CONFIG_TESTS,
    name: "accepts an unrestricted live key only",
  },
  {
    requirement: "2.3a",
    what: "takes a live key outside production",
    file: CONFIG,
    find: "if (!production && live) {",
    replace: "if (false) {",
    tests: CONFIG_TESTS,
    name: "2.3a in ",
  },
  {
    requirement: "2.3b",
    what: "takes events of the other mode",
    file: `${MIGRATIONS}/20261124000800_ingest_event.sql`,
    find:
      "if (p_event ->> 'livemode')::boolean is distinct from (p_event ->> 'expected_livemode')::boolean then",
    replace: "if false then",
    tests: [`${FUNCTIONS}/stripe-webhook.test.ts`],
    name: "refuses a live event in development",
  },
  {
    requirement: "2.3c",
    what: "makes an endpoint without pinning the version",
    file: "cli/webhook/setup-endpoint.ts",
    find: "    api_version: STRIPE_API_VERSION,\n",
    replace: "",
    tests: ["tests/integration/cli/webhook-setup.test.ts"],
    name: "exactly the handled events and the pinned version",
  },
  {
    requirement: "3.3a",
    what: "looks at no forwarded protocol",
    file: "supabase/functions/_shared/endpoint.ts",
    find: 'if (protocols.some((protocol) => protocol !== "https"))',
    replace: "if (false)",
    tests: ["tests/unit/functions/endpoint.test.ts"],
    name: "refuses the forwarded protocol",
  },
  {
    requirement: "3.3b",
    what: "talks to Supabase over plain http in production",
    file: CONFIG,
    find: 'if (environment === "production") return false;',
    replace: "",
    tests: CONFIG_TESTS,
    name: "refuses another API base in production",
  },
  {
    requirement: "3.3b",
    what: "carries a signed message wherever a redirect points",
    file: "supabase/functions/payments-worker/tasks/notify.ts",
    find: 'redirect: "error", // a signed',
    replace: 'redirect: "follow", // a signed',
    tests: [`${FUNCTIONS}/outbox.test.ts`],
    name: "follows no redirect",
  },
  {
    requirement: "5.1c",
    what: "lets a session of any age pay",
    file: STRENGTH,
    find: "    when facts.age_seconds > s.max_session_age_seconds then 'sign_in_again'\n",
    replace: "",
    tests: [`${FUNCTIONS}/abuse.test.ts`],
    name: "an old session signs in again",
  },
  {
    requirement: "5.2a",
    what: "looks at no permission of a role",
    file: STAFF,
    find: "where m.user_id = caller and p.permission = p_permission",
    replace: "where m.user_id = caller",
    tests: STAFF_TESTS,
    name: "is open to exactly its roles",
  },
  {
    requirement: "5.2a",
    what: "lets the last admin go",
    file: STAFF,
    find: "if p_role = 'admin' and not exists (",
    replace: "if false and not exists (",
    tests: ["tests/integration/cli/operate.test.ts"],
    name: "does not take the last admin",
  },
  {
    requirement: "5.3b",
    what: "asks for no permission of an operation",
    file: GUARD,
    find: "if not payments_private.may_use(for_user, p_operation) then",
    replace: "if false then",
    tests: [`${FUNCTIONS}/permissions.test.ts`],
    name: "wants the permission",
  },
  {
    requirement: "7.1a",
    what: "gives every token that is asked for",
    file: RATES,
    find: "  where greatest(l.arrival_at, moment) + p_interval - moment <= p_burst * p_interval\n",
    replace: "",
    tests: ["tests/attack/races.test.ts"],
    name: "exactly 10 get through",
  },
  {
    requirement: "7.1b",
    what: "keeps no budget toward Stripe",
    file: RATES,
    find: "if wait is null and p_calls_stripe then",
    replace: "if false then",
    tests: LIMIT_TESTS,
    name: "keeps a budget toward Stripe",
  },
  {
    requirement: "7.1c",
    what: "believes the first address that a client names",
    file: "supabase/functions/_shared/client-address.ts",
    find: "entries.findLast((entry) => !isPrivate(entry))",
    replace: "entries.find((entry) => !isPrivate(entry))",
    tests: LIMIT_TESTS,
    name: "a forged address moves",
  },
  {
    requirement: "7.2a",
    what: "counts declines by user alone",
    file: SIGNALS,
    find: "declines_per_address_per_hour then\n    perform",
    replace: "declines_per_address_per_hour and false then\n    perform",
    tests: VELOCITY_TESTS,
    name: "by many users from one address",
  },
  {
    requirement: "7.2a",
    what: "leaves the pay page of a held user open",
    file: ENFORCEMENTS,
    find: "  perform payments_private.order_expiries();\n",
    replace: "",
    tests: VELOCITY_TESTS,
    name: "by one user is held",
  },
  {
    requirement: "7.2a",
    what: "counts on after a release",
    file: VELOCITY,
    find:
      "select max(h.released_at) from payments_private.user_holds as h where h.user_id = p_user_id",
    replace: "select null::timestamptz",
    tests: VELOCITY_TESTS,
    name: "a release stays",
  },
  {
    requirement: "7.2b",
    what: "acts on a payment for each object that tells of it",
    file: COUNTRY,
    find: "create unique index a_payment_is_acted_on_once",
    replace: "create index a_payment_is_acted_on_once",
    tests: COUNTRY_TESTS,
    name: "alerts once for the payment",
  },
  {
    requirement: "7.2b",
    what: "believes the edge's header over nothing, and nothing over it",
    file: `${MIGRATIONS}/20261124001030_checkout_guard.sql`,
    find: "elsif payments_private.is_country_refused(array[p_request ->> 'country']) then",
    replace: "elsif false then",
    tests: COUNTRY_TESTS,
    name: "refuses early, before Stripe is asked",
  },
  {
    requirement: "7.2b",
    what: "refunds what an event says, without asking Stripe",
    file: "supabase/functions/payments-worker/tasks/refund.ts",
    find: "if (claim.countries !== null && !await",
    replace: "if (claim.countries === null && !await",
    tests: COUNTRY_TESTS,
    name: "a forged event moves no money",
  },
  {
    requirement: "7.2b",
    what: "reaches back to old payments",
    file: COUNTRY,
    find:
      "    and (p ->> 'created_at')::timestamptz > now() - interval '3 days' then\n    perform payments_private.judge_country(p ->> 'payment_id', 'charge'",
    replace: "    then\n    perform payments_private.judge_country(p ->> 'payment_id', 'charge'",
    tests: COUNTRY_TESTS,
    name: "does not reach back",
  },
  {
    requirement: "7.2c",
    what: "counts only what was paid toward the day's cap",
    file: GUARD,
    find: "r.state in ('reserved', 'open', 'completed')",
    replace: "r.state = 'completed'",
    tests: LIMIT_TESTS,
    name: "never passes a daily cap",
  },
  {
    requirement: "decision 8",
    what: "overlooks a subscription that was made elsewhere",
    file: `${MIGRATIONS}/20261124000700_object_writers.sql`,
    find: "    perform payments_private.find_duplicate_subscription(r.id);\n",
    replace: "    null;\n",
    tests: DUPLICATE_TESTS,
    name: "is cancelled at Stripe where settings say so",
  },
  {
    requirement: "decision 8",
    what: "acts on a duplicate each time it is seen",
    file: DUPLICATES,
    find: "if taken is null then",
    replace: "if false then",
    tests: DUPLICATE_TESTS,
    name: "raises duplicate_subscription once",
  },
  {
    requirement: "decision 8",
    what: "cancels a subscription on an event's word",
    file: "supabase/functions/payments-worker/cancel-duplicate.ts",
    find: 'if (duplicate === null || other === null) return "not_confirmed";',
    replace:
      'if (duplicate === null || other === null) { await stripe.subscriptions.cancel(id); return "not_confirmed"; }',
    tests: DUPLICATE_TESTS,
    name: "a forged event ends no subscription",
  },
  {
    requirement: "5.3c",
    what: "does not say when to come back",
    file: "supabase/functions/_shared/guard-refusal.ts",
    find: '      "Retry-After": String(retry_after),\n',
    replace: "",
    tests: [`${FUNCTIONS}/limits.test.ts`],
    name: "answers 429 with Retry-After",
  },
  {
    requirement: "6.2a",
    what: "is content with a criterion that is not shown",
    file: "cli/compliance/saq-a.ts",
    find: "    code.every(isProven);",
    replace: "    true;",
    tests: ["tests/unit/cli/compliance/saq-a.test.ts"],
    name: "is not fine while a row of ours is open",
  },
];
