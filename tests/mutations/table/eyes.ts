import type { Mutation } from "../mutation.ts";

const RULES = "supabase/migrations/20261124006000_alert_rules.sql";
const OPERATIONS = "supabase/migrations/20261124006100_operations.sql";
const RECORDER = "supabase/functions/_shared/operations.ts";
const NOTIFY = "supabase/functions/payments-worker/tasks/notify.ts";
const LOG = "supabase/functions/_shared/log.ts";
const ALERTS = ["tests/integration/eyes/alerts.test.ts"];
const METRICS = ["tests/integration/eyes/metrics.test.ts"];
const RECORDING = ["tests/unit/functions/operations.test.ts"];

/** What people see of it: log lines, alerts, records and metrics. */
export const EYES_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "8.1b",
    what: "writes whatever field a call names",
    file: LOG,
    find: "for (const field of ALLOWED_FIELDS) {",
    replace: "for (const field of Object.keys(merged) as LogField[]) {",
    tests: ["tests/unit/functions/log.test.ts"],
    name: "8.1b drops fields that are not on the list",
  },
  {
    requirement: "8.1b",
    what: "leaves characters that a terminal obeys",
    file: LOG,
    find: "JSON.stringify(line).replace(INVISIBLE, escapeCharacter)",
    replace: "JSON.stringify(line)",
    tests: ["tests/unit/functions/log.test.ts"],
    name: "8.1b leaves nothing that a terminal",
  },
  {
    requirement: "8.1b",
    what: "logs the text of what was thrown",
    file: "supabase/functions/_shared/describe-cause.ts",
    find: `if ("name" in cause && typeof cause.name === "string") fields.error_name = cause.name;`,
    replace: "fields.error_name = String(Reflect.get(cause, 'message'));",
    tests: ["tests/unit/functions/endpoint.test.ts"],
    name: "8.1b shows nothing of its body",
  },
  {
    requirement: "8.2a",
    what: "tells an alert again each time it happens",
    file: RULES,
    find: "returning case when a.occurrences = 1 then a.id end into opened;",
    replace: "returning a.id into opened;",
    tests: ALERTS,
    name: "8.2a what happens again while it is open",
  },
  {
    requirement: "8.2a",
    what: "lets a worker past its lease end a delivery",
    file: RULES,
    find: "where d.alert_id = p_id and d.lease = p_lease",
    replace: "where d.alert_id = p_id",
    tests: ALERTS,
    name: "8.2a is leased",
  },
  {
    requirement: "8.2a",
    what: "does not sign what it tells",
    file: NOTIFY,
    find: `"webhook-signature": await sign(id, timestamp, body),`,
    replace: `"webhook-signature": await sign(id, timestamp, ""),`,
    tests: ALERTS,
    name: "8.2a is signed",
  },
  {
    requirement: "8.2a",
    what: "takes any answer for a delivery",
    file: NOTIFY,
    find: "return response.ok ? null : `status_${response.status}`;",
    replace: "return null;",
    tests: ALERTS,
    name: "8.2a (?:is retried|goes dead)",
  },
  {
    requirement: "8.2a",
    what: "raises an alert for each bad signature",
    file: RULES,
    find: "'docs/alerts.md#signature_failures', 20, 300)",
    replace: "'docs/alerts.md#signature_failures', 1, 300)",
    tests: ALERTS,
    name: "8.2a none is raised on a quiet day",
  },
  {
    requirement: "8.2a",
    what: "never closes the alert of a backlog that is gone",
    file: "supabase/migrations/20261124006105_pipeline_minutes.sql",
    find: "perform payments_private.resolve_alert('backlog_age', 'pipeline');",
    replace: "null;",
    tests: ALERTS,
    name: "8.2a closes itself",
  },
  {
    requirement: "8.2c",
    what: "shows the metrics to anybody",
    file: "supabase/functions/payments-worker/handler.ts",
    find: "if (!await hasSecretKey(request.headers, deps.workerKey)) throw",
    replace:
      `if (request.method === "POST" && !await hasSecretKey(request.headers, deps.workerKey)) throw`,
    tests: METRICS,
    name: "8.2c is refused to",
  },
  {
    requirement: "8.2c",
    what: "lets a function's key speak for another function",
    file: OPERATIONS,
    find: "select to_timestamp(r.at / 1000.0), own_name, r.code, r.ms, r.request_id",
    replace: "select to_timestamp(r.at / 1000.0), 'stripe-webhook', r.code, r.ms, r.request_id",
    tests: METRICS,
    name: "8.2c a function's key writes about its own function only",
  },
  {
    requirement: "8.2c",
    what: "calls the page something else",
    file: "supabase/functions/payments-worker/render-metrics.ts",
    find: "application/openmetrics-text; version=1.0.0; charset=utf-8",
    replace: "text/plain",
    tests: METRICS,
    name: "8.2c answers the worker's key",
  },
  {
    requirement: "decision 13",
    what: "leaves a record of what strangers cause",
    file: RECORDER,
    find: "if (!NOISE.has(operation.code) && batch",
    replace: "if (batch",
    tests: RECORDING,
    name: "decision 13",
  },
  {
    requirement: "8.2c",
    what: "throws when the statistics cannot be written",
    file: RECORDER,
    find: "lost(full.counts.reduce((sum, { requests }) => sum + requests, 0));",
    replace: `throw new Error("lost");`,
    tests: RECORDING,
    name: "8.2c drops what cannot be written",
  },
  {
    requirement: "8.2a",
    what: "tells nobody of a flood of refused calls",
    file: OPERATIONS,
    find: "  perform payments_private.watch_refusals();\n",
    replace: "",
    tests: ["tests/integration/eyes/refused-calls.test.ts"],
    name: "8.2a of staff's procedures is told once",
  },
];
