// What must hold of a stack and its Stripe twin once things have settled, whatever went wrong before.
import type postgres from "postgres";
import type Stripe from "stripe";
import { z } from "zod";
import { placeEvent, type Target } from "../../supabase/functions/_shared/place-event.ts";
import { parseEvent } from "../../supabase/functions/_shared/stripe-event.ts";
import { keyRingSchema } from "../../supabase/functions/_shared/audit/key-ring.ts";
import { findingsIn } from "./audit-trail.ts";
import { AUDITED, ONCE, QUIET, TOLD } from "./invariant-queries.ts";
import { differences } from "./truth.ts";

export interface InvariantParts {
  /** The superuser. */
  admin: postgres.Sql;
  stripe: Stripe;
  stripeUrl: string;
  /** All that was said where others can hear it: log lines, bodies of answers and of messages. */
  outputs: readonly string[];
  /** What may be heard nowhere. */
  secrets: readonly string[];
  /** Ids of the domain events that the host took; without a host, none need be. */
  taken?: ReadonlyMap<string, number>;
  /** The stack's, as PAYMENTS_AUDIT_PUBLIC_KEYS has them. */
  auditPublicKeys: string;
}

/** Every invariant that does not hold, one a line, beginning with its number. */
export async function brokenInvariants(parts: InvariantParts): Promise<string[]> {
  const { admin, stripe } = parts;
  const query = async (name: string, text: string) => {
    const rows = await admin.unsafe<{ failure: string }[]>(text);
    return rows.map(({ failure }) => `${name} ${failure}`);
  };
  const handled = await handledTargets(stripe);
  return [
    ...await unrecorded(admin, parts.stripeUrl),
    ...await query("I2", ONCE),
    ...await query("I2", TOLD),
    ...(await differences(admin, stripe, handled)).map((line) => `I3 ${line}`),
    ...await query("I4", AUDITED),
    ...await unsealed(parts),
    ...saidAloud(parts),
    ...await query("I9", QUIET),
    ...await notTaken(parts),
  ];
}

const deliveriesSchema = z.object({
  deliveries: z.array(z.object({ event: z.string(), status: z.union([z.number(), z.string()]) })),
});

/** I1: whatever was answered with 2xx is in the database. */
async function unrecorded(admin: postgres.Sql, stripeUrl: string): Promise<string[]> {
  const response = await fetch(`${stripeUrl}/_twin/deliveries`);
  const { deliveries } = deliveriesSchema.parse(await response.json());
  const acknowledged = new Set(
    deliveries.filter(({ status }) => typeof status === "number" && status >= 200 && status < 300)
      .map(({ event }) => event),
  );
  const rows = await admin<{ event_id: string }[]>`
    select event_id from payments_private.processed_events where event_id = any (${[
    ...acknowledged,
  ]})`;
  const recorded = new Set(rows.map(({ event_id }) => event_id));
  return [...acknowledged].filter((id) => !recorded.has(id))
    .map((id) => `I1 ${id} was acknowledged and is not here`);
}

/** The objects that Stripe's events of handled types tell of. */
async function handledTargets(stripe: Stripe): Promise<Target[]> {
  const events = await stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 10_000 });
  return events.flatMap((event) => {
    const placement = placeEvent(parseEvent(new TextEncoder().encode(JSON.stringify(event))));
    return "target" in placement ? [placement.target] : [];
  });
}

/** I5: the trail verifies as the operator's command sees it, and nothing waits for its seal. */
async function unsealed({ admin, auditPublicKeys }: InvariantParts): Promise<string[]> {
  const keys = keyRingSchema.parse(JSON.parse(auditPublicKeys));
  const [row] = await admin`select count(*)::integer as waiting from audit.pending_rows
    where occurred_at < now() - interval '10 seconds'`; // the worker goes on writing while we look
  const findings = await admin.begin(async (sql) => (await findingsIn(sql, { keys })).findings);
  return [
    ...findings.map((finding) => `I5 ${JSON.stringify(finding)}`),
    ...(row?.["waiting"] === 0 ? [] : [`I5 ${row?.["waiting"]} rows wait for their seal`]),
  ];
}

/** I6: no secret in any output. */
function saidAloud({ outputs, secrets }: InvariantParts): string[] {
  const whole = outputs.join("\n");
  return secrets.filter((secret) => secret.length > 0 && whole.includes(secret))
    .map((secret) => `I6 a secret was said aloud: ${secret.slice(0, 10)}…`);
}

/** I2 for the host: each domain event arrived, and nothing that is none. */
async function notTaken({ admin, taken }: InvariantParts): Promise<string[]> {
  if (taken === undefined) return [];
  const rows = await admin<{ id: string; kind: string; object_id: string }[]>`
    select id::text, kind, object_id from payments.outbox`;
  const known = new Set(rows.map(({ id }) => id));
  return [
    ...rows.filter(({ id }) => !taken.has(id)).map(({ kind, object_id }) =>
      `I2 the host never took ${kind} of ${object_id}`
    ),
    ...[...taken.keys()].filter((id) => !known.has(id)).map((id) =>
      `I2 the host took ${id}, which is not here`
    ),
  ];
}

/** Waits until there is nothing left to do. @throws with what is left when the time is up */
export async function untilDrained(
  admin: postgres.Sql,
  work: () => Promise<unknown>,
  timeoutMs: number,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    await work();
    const left = await admin.unsafe<{ failure: string }[]>(QUIET);
    if (left.length === 0) return;
    if (Date.now() > end) throw new Error(`I9 ${left.map(({ failure }) => failure).join("\n")}`);
  }
}
