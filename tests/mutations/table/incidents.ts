import type { Mutation } from "../mutation.ts";

const CLOCK = ["tests/integration/incidents/clock.test.ts"];
const AFFECTED = ["tests/integration/incidents/affected.test.ts"];
const UNDELIVERED = ["tests/integration/incidents/undelivered-notices.test.ts"];
const CONTAINMENT = ["tests/integration/incidents/containment.test.ts"];
const INCIDENTS = "supabase/migrations/20261124005100_incidents.sql";
const NOTICES = "supabase/migrations/20261124005130_incident_notices.sql";

/** The worst day: its clock, whom it touches, what stops it, how it ends. */
export const INCIDENT_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "10.1a",
    what: "forgets to throw the switch",
    file: "supabase/migrations/20261124005120_containment.sql",
    find: "    perform payments_private.set_kill_switch(p_actor, p_switch, true, p_reason);",
    replace: "    null;",
    tests: CONTAINMENT,
    name: "stops checkouts in one command",
  },
  {
    requirement: "10.1a",
    what: "signs out nobody",
    file: "supabase/migrations/20261124005120_containment.sql",
    find: "delete from auth.sessions as s where s.user_id = any (p_user_ids);",
    replace: "perform from auth.sessions as s where s.user_id = any (p_user_ids);",
    tests: CONTAINMENT,
    name: "revoke-sessions signs out at once",
  },
  {
    requirement: "10.1a",
    what: "writes a command into a runbook that there is not",
    file: "docs/runbooks/fraud-wave.md",
    find: "npm run payments -- incident contain <incident> stop-checkout",
    replace: "npm run payments -- incident halt <incident> stop-checkout",
    tests: ["tests/unit/house/runbooks.test.ts"],
    name: "every command in a document",
  },
  {
    requirement: "10.1b",
    what: "finds users whatever key was used and whoever acted",
    file: "supabase/migrations/20261124005110_incident_scope.sql",
    find: "      and (p_resource is null or l.resource_id = p_resource)\n",
    replace: "",
    tests: AFFECTED,
    name: "are those whose things events of a leaked secret have touched",
  },
  {
    requirement: "10.1b",
    what: "lets a user be told twice",
    file: NOTICES,
    find: "constraint a_user_hears_of_an_incident_once unique (incident_id, user_id)",
    replace: "constraint a_user_hears_of_an_incident_once unique (incident_id, user_id, id)",
    tests: AFFECTED,
    name: "once",
  },
  {
    requirement: "10.1b",
    what: "reads what a value contains as a template",
    file: NOTICES,
    find:
      "    filled := filled || (p_values ->> name);\n    rest := substr(rest, position('}}' in rest) + 2);",
    replace: "    rest := (p_values ->> name) || substr(rest, position('}}' in rest) + 2);",
    tests: AFFECTED,
    name: "is put in as it is",
  },
  {
    requirement: "10.1b",
    what: "gives each attempt a webhook-id of its own",
    file: "supabase/functions/payments-worker/tasks/notify.ts",
    find: '    "webhook-id": id,',
    replace: '    "webhook-id": crypto.randomUUID(),',
    tests: AFFECTED,
    name: "posts the same id again",
  },
  {
    requirement: "10.1c",
    what: "lets the clock be turned back",
    file: INCIDENTS,
    find: "elsif new.aware_at > old.aware_at or new.detected_at > old.detected_at then",
    replace: "elsif new.detected_at > old.detected_at then",
    tests: CLOCK,
    name: "cannot be turned back",
  },
  {
    requirement: "10.1c",
    what: "asks for no reason when the notice is late",
    file: INCIDENTS,
    find: "or coalesce(length(trim(reason_if_late)), 0) >= 10),",
    replace: "or true),",
    tests: CLOCK,
    name: "later than 72 hours needs the reason",
  },
  {
    requirement: "10.1c",
    what: "says nothing when the 72 hours are over",
    file: INCIDENTS,
    find: "      ('incident_overdue', 'critical', i.notify_due_at)) as r",
    replace: "      ('incident_overdue', 'critical', i.notify_due_at + interval '1 year')) as r",
    tests: CLOCK,
    name: "that runs out is told once",
  },
  {
    requirement: "10.2c",
    what: "closes without a root cause",
    file: INCIDENTS,
    find: "closed_at is null or coalesce(length(trim(root_cause)), 0) >= 10),",
    replace: "true),",
    tests: CLOCK,
    name: "needs a root cause and a follow-up|is refused to a statement of SQL",
  },
  {
    requirement: "10.2c",
    what: "closes over people who were not told",
    file: NOTICES,
    find: "if new.told_otherwise is null and payments_private.undelivered_notices(new.id) > 0 then",
    replace: "if false then",
    tests: UNDELIVERED,
    name: "is refused while one is|is refused to a statement of SQL",
  },
  {
    requirement: "10.2c",
    what: "takes a follow-up that is nobody's",
    file: INCIDENTS,
    find: " or coalesce(length(trim(item ->> 'owner')), 0) < 1\n",
    replace: "\n",
    tests: CLOCK,
    name: "is refused to a statement of SQL",
  },
  {
    requirement: "10.2c",
    what: "leaves the audit trail out of the timeline",
    file: "supabase/migrations/20261124005140_incident_timeline.sql",
    find: "where l.resource_type = 'incident' and l.resource_id = p_incident;",
    replace: "where false;",
    tests: CLOCK,
    name: "comes from the audit trail",
  },
];
