import type { Mutation } from "../mutation.ts";

const MATRIX = ["tests/integration/database/ownership-matrix.test.ts"];
const EXECUTE = ["tests/integration/database/execute-matrix.test.ts"];
const PERMISSIONS = ["tests/integration/database/permissions.test.ts"];
const MALFORMED = ["tests/attack/malformed.test.ts"];
const RACES = ["tests/attack/races.test.ts"];
const BILLING = "supabase/migrations/20261124000500_billing.sql";
const ENTITLEMENT_GRANT =
  "grant select (id, user_id, lookup_key) on payments.entitlements to authenticated;";

/** Who may reach what, ask what, in which shape, how often: each line that says so. */
export const ACCESS_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "5.2b",
    what: "lets the webhook's role run a procedure of the worker",
    file: "supabase/migrations/20261124000900_refresh.sql",
    find:
      "grant execute on function payments.claim_refreshes(integer, integer) to payments_worker;",
    replace:
      "grant execute on function payments.claim_refreshes(integer, integer) to payments_worker, payments_webhook;",
    tests: EXECUTE,
    name: "every role runs what is its own",
  },
  {
    requirement: "5.2b",
    what: "gives the service key a table to read",
    file: BILLING,
    find: ENTITLEMENT_GRANT,
    replace: `${ENTITLEMENT_GRANT}
grant usage on schema payments to service_role;
grant select on payments.entitlements to service_role;`,
    tests: ["tests/attack/stolen-service-key.test.ts"],
    name: "reads no column, changes no row",
  },
  {
    requirement: "5.3a",
    what: "shows every user everybody's rows",
    file: BILLING,
    find: "'using (user_id = (select auth.uid()))', table_name);",
    replace: "'using (true)', table_name);",
    tests: MATRIX,
    name: "everybody can do exactly what the matrix says, through REST",
  },
  {
    requirement: "5.3a",
    what: "lets users write one column",
    file: BILLING,
    find: ENTITLEMENT_GRANT,
    replace: `${ENTITLEMENT_GRANT}
grant update (lookup_key) on payments.entitlements to authenticated;`,
    tests: MATRIX,
    name: "its owner can do exactly what the matrix says, in SQL",
  },
  {
    requirement: "5.3a",
    what: "leaves a hidden column to be read",
    file: BILLING,
    find: ENTITLEMENT_GRANT,
    replace: "grant select on payments.entitlements to authenticated;",
    tests: ["tests/attack/rest.test.ts"],
    name: "neither read, renamed, cast, filtered nor sorted by",
  },
  {
    requirement: "5.3b",
    what: "asks for another permission than the one written down",
    file: "supabase/migrations/20261124002500_staff.sql",
    find: "payments_private.staff_refusal('staff.list', p_reason, 'staff', null);",
    replace: "payments_private.staff_refusal('billing.read', p_reason, 'staff', null);",
    tests: PERMISSIONS,
    name: "every staff procedure asks for the permission",
  },
  {
    requirement: "5.3b",
    what: "adds a route without a permission",
    file: "supabase/functions/sync-billing/index.ts",
    find: 'methods: ["POST"],',
    replace: 'methods: ["POST", "GET"],',
    tests: PERMISSIONS,
    name: "every route and every procedure for people",
  },
  {
    requirement: "9.2a",
    what: "lets unknown keys of a portal request through",
    file: "supabase/functions/customer-portal/request.ts",
    find: "z.strictObject({",
    replace: "z.object({",
    tests: MALFORMED,
    name: "customer-portal .* refuses unknown keys",
  },
  {
    requirement: "9.2a",
    what: "compares parsed origins alone",
    file: "supabase/functions/_shared/return-url.ts",
    find: "return allowedOrigins.includes(url.origin) && startsWithOrigin(text, url.origin);",
    replace: "return allowedOrigins.includes(url.origin);",
    tests: ["tests/unit/functions/return-url.test.ts"],
    name: "refuses a blob of an allowed origin",
  },
  {
    requirement: "9.2a",
    what: "takes any content type",
    file: "supabase/functions/_shared/endpoint.ts",
    find: 'if (request.method === "POST") requireJson(request);',
    replace: "",
    tests: MALFORMED,
    name: "takes one content type",
  },
  {
    requirement: "9.2b",
    what: "parses a body however deep it is",
    file: "supabase/functions/_shared/parse-json.ts",
    find: "  assertDepth(text, maxDepth);\n",
    replace: "",
    tests: MALFORMED,
    name: "bounds the depth",
  },
  {
    requirement: "9.2c",
    what: "takes any key for a sync",
    file: "supabase/functions/sync-billing/request.ts",
    find: "z.strictObject({})",
    replace: "z.looseObject({})",
    tests: MALFORMED,
    name: "sync-billing .* finds __proto__, constructor and prototype inert",
  },
  {
    requirement: "7.1a",
    what: "gives one token more than the burst",
    file: "supabase/migrations/20261124002300_rate_limits.sql",
    find: "+ p_interval - moment <= p_burst * p_interval",
    replace: "+ p_interval - moment <= (p_burst + 1) * p_interval",
    tests: RACES,
    name: "from four processes, against a limit of 10",
  },
  {
    requirement: "decision 8",
    what: "frees a product for a subscription that is nobody's",
    file: "supabase/migrations/20261124001000_reservations.sql",
    find: "    and (b.user_id = s.user_id or b.status in ('canceled', 'incomplete_expired'))\n",
    replace: "",
    tests: ["tests/attack/reservation-life.test.ts"],
    name: "a completed one keeps the product",
  },
  {
    requirement: "decision 8",
    what: "releases a reservation after a time-out",
    file: "supabase/functions/create-checkout/handler.ts",
    find: "    if (isDefiniteRefusal(error)) {\n      await deps.store.release(",
    replace:
      "    if (error instanceof Stripe.errors.StripeError) {\n      await deps.store.release(",
    tests: ["tests/attack/reservation-life.test.ts"],
    name: "on the way to a first session",
  },
];
