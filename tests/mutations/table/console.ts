import type { Mutation } from "../mutation.ts";

const CONSOLE = "supabase/migrations/20261124006110_staff_console.sql";
const EVENTS = "supabase/migrations/20261124006120_staff_events.sql";
const AUDIT = "supabase/migrations/20261124006130_staff_audit.sql";
const PEOPLE = "supabase/migrations/20261124006140_staff_people.sql";
const ASKED = ["tests/integration/eyes/console.test.ts"];
const PERMISSIONS = ["tests/integration/database/permissions.test.ts"];
const CHARTS = ["tests/unit/web/console/charts.test.ts"];

/** What the operator console asks for, and who may ask. */
export const CONSOLE_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "5.2a",
    what: "lets whoever sees events replay them",
    file: EVENTS,
    find: "payments_private.staff_refusal('event.replay', p_reason",
    replace: "payments_private.staff_refusal('event.read', p_reason",
    tests: ASKED,
    name: "5.2a who may not replay",
  },
  {
    requirement: "5.3b",
    what: "lets whoever has a role search the audit trail",
    file: AUDIT,
    find: "payments_private.staff_refusal('audit.read', p_reason",
    replace: "payments_private.staff_refusal('console.open', p_reason",
    tests: PERMISSIONS,
    name: "5.3b every staff procedure asks for the permission",
  },
  {
    requirement: "5.3b",
    what: "shows the age of keys to whoever has a role",
    file: CONSOLE,
    find: "payments_private.staff_refusal('key.read', ",
    replace: "payments_private.staff_refusal('console.open', ",
    tests: PERMISSIONS,
    name: "5.3b every staff procedure asks for the permission",
  },
  {
    requirement: "4.2c",
    what: "finds the person behind a Stripe id without a trace of which",
    file: PEOPLE,
    find: "jsonb_build_object('object', left(p_object_id, 255))",
    replace: "'{}'",
    tests: ASKED,
    name: "4.2c a user is found by what Stripe calls theirs",
  },
  {
    requirement: "4.2c",
    what: "keeps in the trail what was looked for in it",
    file: AUDIT,
    find: "from jsonb_object_keys(p_filter) as k)",
    replace: "from jsonb_each_text(p_filter) as e (n, k))",
    tests: ASKED,
    name: "4.2c is searched by who",
  },
  {
    requirement: "decision 4",
    what: "replays where a dry run was asked for",
    file: EVENTS,
    find: "if coalesce(p_dry_run, true) then",
    replace: "if false then",
    tests: ASKED,
    name: "decision 4: a dry run says what would be replayed",
  },
  {
    requirement: "decision 4",
    what: "replays everything where no filter was given",
    file: EVENTS,
    find: "'received_since']) is not true or p_filter = '{}' then",
    replace: "'received_since']) is not true then",
    tests: ASKED,
    name: "decision 4: a misspelt or malformed filter",
  },
  {
    requirement: "8.3b",
    what: "gives the wrong sibling of a leaf",
    file: AUDIT,
    find: "if node % 2 = 1 then",
    replace: "if node % 2 = 0 then",
    tests: ASKED,
    name: "8.3b the path is that of RFC 9162",
  },
  {
    requirement: "8.2c",
    what: "does not count what Stripe failed at as failed",
    file: CONSOLE,
    find: "'misconfigured', 'stripe_failed')), 0) as failed",
    replace: "'misconfigured')), 0) as failed",
    tests: ASKED,
    name: "8.2c a span is shown by function and step",
  },
  {
    requirement: "8.2c",
    what: "shows a bucket's end for every latency in it",
    file: "web/src/console/charts/quantile.ts",
    find: "return from + (bound - from) * (rank - before) / count;",
    replace: "return bound;",
    tests: CHARTS,
    name: "8.2c is linear within its bucket",
  },
];
