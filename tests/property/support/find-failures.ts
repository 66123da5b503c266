import type postgres from "postgres";
import type Stripe from "stripe";
import type { Target } from "../../../supabase/functions/_shared/place-event.ts";
import { targetOf } from "./deliver-event.ts";
import type { StripeWorldEvent } from "./stripe-world.ts";
import { AUDITED, LATEST, ONCE, QUIET, TOLD } from "../../support/invariant-queries.ts";
import { differences } from "../../support/truth.ts";
import type { Received } from "./worker-runs.ts";

/** What must hold once everything has settled; each line is something that does not. */
export async function findFailures({ admin, stripe, events, received, timesAgree }: {
  /** Whether Stripe's own times agree as far as the rule assumes. */
  timesAgree: boolean;
  admin: postgres.Sql;
  stripe: Stripe;
  events: readonly StripeWorldEvent[];
  received: Received;
}): Promise<string[]> {
  const handled = events.map((event) => ({ event, target: targetOf(event) }))
    .filter((item): item is { event: StripeWorldEvent; target: Target } => item.target !== null);
  return [
    ...await differences(admin, stripe, handled.map(({ target }) => target)),
    ...await check(admin, QUIET),
    ...await check(admin, ONCE),
    ...await check(admin, TOLD),
    ...timesAgree ? await check(admin, LATEST) : [],
    ...await check(admin, AUDITED),
    ...await unheard(admin, received),
  ];
}

async function check(admin: postgres.Sql, query: string): Promise<string[]> {
  const rows = await admin.unsafe<{ failure: string }[]>(query, [], { prepare: true });
  return rows.map(({ failure }) => failure);
}

/** The host took every domain event at least once. */
async function unheard(admin: postgres.Sql, received: Received): Promise<string[]> {
  const rows = await admin<
    { id: string; kind: string }[]
  >`select id::text, kind from payments.outbox`;
  return rows.filter(({ id }) => !received.has(id)).map(({ kind }) =>
    `the host never heard of ${kind}`
  );
}
