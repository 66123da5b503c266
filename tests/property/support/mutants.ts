import type postgres from "postgres";

/** One part of the rule taken away; the property must then fail. */
export interface Mutant {
  name: string;
  /** Where the search begins: a seed from which it does not take long. */
  firstSeed: number;
  /** What the failure says. */
  noticedAs: RegExp;
  changes: Change[];
  /** Run before the changes. */
  sql?: string;
}

interface Change {
  /** A function, as regprocedure reads it. */
  inFunction: string;
  /** Occurs exactly once in it. */
  find: string;
  replace: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: "no mark ticket: a finished refresh deletes the mark, whatever its ticket",
    firstSeed: 17,
    noticedAs: /Stripe/,
    changes: [{
      inFunction: "payments_private.apply_fetched(text,text,bigint,timestamptz,jsonb)",
      find: "and m.object_id = p_object_id and m.ticket < p_ticket;",
      replace: "and m.object_id = p_object_id;",
    }],
  },
  {
    name: "no row ticket: a refresh applies, whatever the row's ticket",
    firstSeed: 53,
    noticedAs: /Stripe/,
    changes: [{
      inFunction: "payments_private.apply_fetched(text,text,bigint,timestamptz,jsonb)",
      find: "if object.ticket < p_ticket then",
      replace: "if true then",
    }],
  },
  {
    name: "no fence: a worker past its lease finishes a domain event",
    firstSeed: 4,
    noticedAs: /finish_outbox/,
    changes: [{
      inFunction: "payments.finish_outbox(uuid,bigint,text)",
      find: "and o.lease = p_lease",
      replace: "",
    }],
  },
  {
    name: "no fence: a worker past its lease finishes a retry",
    firstSeed: 22,
    noticedAs: /finish_retry/,
    changes: [{
      inFunction: "payments.finish_retry(text,bigint,bigint,jsonb,text,text)",
      find: "or event.lease is distinct from p_lease or event.status <> 'retry'",
      replace: "",
    }],
  },
  {
    name: "no fence: a worker past its lease finishes a reconciliation",
    firstSeed: 6,
    noticedAs: /finish_reconcile|fail_reconcile/,
    changes: [{
      inFunction: "payments.finish_reconcile(text,bigint,bigint,jsonb)",
      find: "where r.mode = p_mode and r.lease = p_lease",
      replace: "where r.mode = p_mode",
    }, {
      inFunction: "payments.fail_reconcile(text,bigint)",
      find: "and r.lease = p_lease",
      replace: "",
    }],
  },
  {
    name: "no unique key: an event is recorded as often as it is told",
    firstSeed: 1,
    noticedAs: /was recorded 2 times/,
    sql: "alter table payments_private.processed_events drop constraint processed_events_pkey",
    changes: [{
      inFunction: "payments.ingest_event(jsonb)",
      find: "if not found then",
      replace: "if false then",
    }],
  },
  {
    name: "no unique key: a domain event is written as often as its state is reached",
    firstSeed: 375,
    noticedAs: /was written 2 times/,
    sql: "alter table payments.outbox drop constraint a_domain_event_is_written_once",
    changes: [{
      inFunction: "payments_private.write_outbox(text,text,text,uuid,jsonb)",
      find: "on conflict (kind, object_id, occurrence) do nothing",
      replace: "",
    }],
  },
];

/** @throws when a text to find does not occur exactly once */
export async function mutate(admin: postgres.Sql, mutant: Mutant): Promise<void> {
  if (mutant.sql !== undefined) await admin.unsafe(mutant.sql);
  for (const { inFunction, find, replace } of mutant.changes) {
    const [row] = await admin<{ text: string }[]>`
      select pg_get_functiondef(${inFunction}::text::regprocedure) as text`;
    const parts = (row?.text ?? "").split(find);
    if (parts.length !== 2) throw new Error(`${inFunction} does not hold once: ${find}`);
    await admin.unsafe(parts.join(replace));
  }
}
