import type { Mutation } from "../mutation.ts";

const EVENTS = ["tests/attack/events.test.ts"];
const WORKER = ["tests/attack/worker.test.ts"];
const REFRESH = "supabase/migrations/20261124000900_refresh.sql";
const TASKS = "supabase/functions/payments-worker/tasks";

/** What a hostile review of the event pipeline found open: each line that closed a hole. */
export const PIPELINE_ATTACK_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "I1",
    what: "hands the database text that it cannot store",
    file: "supabase/functions/_shared/storable.ts",
    find: 'return text.toWellFormed().replaceAll("\\u0000", "\\ufffd");',
    replace: "return text;",
    tests: EVENTS,
    name: "U\\+0000 in a name|a lone surrogate in a name",
  },
  {
    requirement: "I1",
    what: "changes the table's shape while it takes an event in",
    file: "supabase/migrations/20261124000800_ingest_event.sql",
    find: "  -- Deliveries of one event wait for each other here: one of them adds the id.",
    replace: "  perform payments_private.ensure_events_partition(made_at);",
    tests: EVENTS,
    name: "events of a month without a partition",
  },
  {
    requirement: "I1",
    what: "lets the purge wait for readers, and every delivery behind it",
    file: "supabase/migrations/20261124001900_purge.sql",
    find: "  perform set_config('lock_timeout', '200ms', true);\n",
    replace: "",
    tests: EVENTS,
    name: "the purge makes missing months",
  },
  {
    requirement: "decision 3",
    what: "keeps the lease of a mark that was renewed while its fetch failed",
    file: REFRESH,
    find: "  if tries is null then -- renewed since the claim: due now, for anybody",
    replace: "  if false then",
    tests: EVENTS,
    name: "a mark renewed since the claim",
  },
  {
    requirement: "decision 3",
    what: "clears a mark that was renewed since the claim",
    file: REFRESH,
    find:
      "where m.kind = p_kind and m.object_id = p_object_id and m.ticket < p_ticket;\n  -- settled",
    replace: "where m.kind = p_kind and m.object_id = p_object_id;\n  -- settled",
    tests: EVENTS,
    name: "a claim that is older than a renewed mark",
  },
  {
    requirement: "decision 3",
    what: "compares events under any account's key",
    file: `${TASKS}/reconcile-events.ts`,
    find: "  await requireOurAccount(deps, false);\n",
    replace: "",
    tests: WORKER,
    name: "brings in no event and moves no cursor",
  },
  {
    requirement: "decision 3",
    what: "takes a 404 under any account's key for a deletion",
    file: REFRESH,
    find:
      "return exists (select from payments_private.stripe_account as a where a.account_id = p_account_id);",
    replace: "return true;",
    tests: WORKER,
    name: "makes no tombstone of a 404",
  },
  {
    requirement: "decision 6",
    what: "takes a customer that this key cannot see for one that is gone",
    file: `${TASKS}/end-billing.ts`,
    find: "    await requireOurAccount(deps, false);\n",
    replace: "",
    tests: WORKER,
    name: "does not count as the end of billing",
  },
  {
    requirement: "decision 11",
    what: "follows a sink's redirect with a signed message",
    file: `${TASKS}/notify.ts`,
    find: '      redirect: "error", // a signed message goes where it was configured to go\n',
    replace: "",
    tests: WORKER,
    name: "a sink that redirects",
  },
  {
    requirement: "decision 4",
    what: "wakes the worker at each delivery of a flood",
    file: "supabase/functions/_shared/wake-worker.ts",
    find: "if (now() - wokenAt < MIN_INTERVAL_MS) return;",
    replace: "",
    tests: WORKER,
    name: "a worker that hangs holds up no delivery",
  },
];
