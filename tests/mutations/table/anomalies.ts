import type { Mutation } from "../mutation.ts";

const BASELINES = "supabase/migrations/20261124006060_metric_baselines.sql";
const SCORES = "supabase/migrations/20261124006070_anomalies.sql";
const TESTS = ["tests/integration/eyes/anomalies.test.ts"];

/** What is called unusual, and what is not. */
export const ANOMALY_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "8.2b",
    what: "takes a deploy for an incident",
    file: SCORES,
    find: "and (w.window_minutes > 5 or w.lasts_high)",
    replace: "and true",
    tests: TESTS,
    name: "8.2b a deploy of two minutes",
  },
  {
    requirement: "8.2b",
    what: "speaks before the warm-up is over",
    file: SCORES,
    find: "and k.since <= p_from - warm_up",
    replace: "and true",
    tests: TESTS,
    name: "8.2b nothing is said before",
  },
  {
    requirement: "8.2b",
    what: "calls a few rare things unusual",
    file: SCORES,
    find: "and w.samples >= least_count",
    replace: "and true",
    tests: TESTS,
    name: "8.2b few things",
  },
  {
    requirement: "8.2b",
    what: "never closes an anomaly",
    file: SCORES,
    find: "a.last_seen_at < p_now - interval '15 minutes'",
    replace: "false",
    tests: TESTS,
    name: "8.2b is raised once",
  },
  {
    requirement: "8.2b",
    what: "takes a minute that nobody counted for one in which nothing happened",
    file: BASELINES,
    find: "from payments_private.metric_minutes as v\n    where v.metric = 'volume' and ",
    replace:
      "from generate_series(p_from - interval '6 hours', p_to, interval '1 minute') as v (minute)\n    where ",
    tests: TESTS,
    name: "8.2b an hour that nobody counted",
  },
  {
    requirement: "8.2b",
    what: "takes the attack of last week for what is usual",
    file: BASELINES,
    find: "percentile_cont(0.5) within group (order by p.rate",
    replace: "percentile_cont(1) within group (order by p.rate",
    tests: TESTS,
    name: "8.2b an attack of last week",
  },
  {
    requirement: "8.2b",
    what: "looks at five minutes only",
    file: SCORES,
    find: "  where w.scale is not null\n",
    replace: "  where w.scale is not null and w.window_minutes = 5\n",
    tests: TESTS,
    name: "8.2b a slow drift",
  },
  {
    requirement: "8.2b",
    what: "leaves out what Stripe tells late",
    file: SCORES,
    find: "    else interval '15 minutes' end), until);",
    replace: "    else interval '0' end), until);",
    tests: TESTS,
    name: "8.2b money and people",
  },
  {
    requirement: "8.2b",
    what: "leaves out what Stripe tells hours late",
    file: SCORES,
    find: "then interval '6 hours'\n",
    replace: "then interval '15 minutes'\n",
    tests: TESTS,
    name: "8.2b what Stripe tells hours late",
  },
  {
    requirement: "8.2b",
    what: "takes strangers' junk for customers",
    file: "supabase/migrations/20261124006050_metric_minutes.sql",
    find: " and r.code not in (\n      'bad_request', 'invalid_signature',",
    replace: " and r.code not in (\n      'bad_request',",
    tests: TESTS,
    name: "8.2b a stranger's junk",
  },
  {
    requirement: "8.2b",
    what: "hides that the statistic failed",
    file: "supabase/migrations/20261124006100_operations.sql",
    find:
      "    perform payments_private.raise_alert('anomaly', 'the detector', 'warning', jsonb_build_object('error', sqlstate));",
    replace: "    null;",
    tests: TESTS,
    name: "8.2b a statistic that fails",
  },
  {
    requirement: "8.2b",
    what: "never sums up again what came late",
    file: SCORES,
    find: "least(hours_since, hours_until - interval '7 hours')",
    replace: "hours_since",
    tests: ["tests/integration/eyes/late-money.test.ts"],
    name: "8.2b is in the hour that was summed up before",
  },
];
