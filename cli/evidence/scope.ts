import { z } from "zod";
import { UsageError } from "../command-io.ts";
import type { Database } from "../connect/with-database.ts";
import { readUserId } from "../operate/operate.ts";
import { readMoment } from "../read-moment.ts";
import type { Scope } from "./manifest.ts";

export interface ScopeOptions {
  readonly incident?: string;
  readonly user?: readonly string[];
  readonly resource?: readonly string[];
  readonly from?: string;
  readonly until?: string;
}

/** A scope with everything that rows may name it by. */
export interface ResolvedScope {
  readonly scope: Scope;
  /** Users, what is theirs, and what was named without a type. */
  readonly ids: readonly string[];
  readonly resources: readonly { readonly type: string; readonly id: string }[];
}

/** What was asked for, before the database was. */
export type AskedScope = Pick<Scope, "incident" | "from" | "users" | "resources"> & {
  readonly until: string | null;
};

/** @throws UsageError for a scope that is none */
export function readScope(options: ScopeOptions): AskedScope {
  const { incident = null, user = [], resource = [] } = options;
  if (incident !== null && !z.uuid().safeParse(incident).success) {
    throw new UsageError("--incident takes an incident's id, a UUID");
  }
  const from = readMoment(options.from, "--from");
  const until = readMoment(options.until, "--until");
  if (from !== null && until !== null && from > until) {
    throw new UsageError("--from is after --until");
  }
  const isNothing = incident === null && user.length === 0 && resource.length === 0 &&
    from === null && until === null;
  if (isNothing) {
    throw new UsageError("Say what to export: --incident, --user, --resource, --from, --until");
  }
  return {
    incident,
    from,
    until,
    users: user.map(readUserId),
    resources: resource.map(readResource),
  };
}

function readResource(text: string): { type: string | null; id: string } {
  const [, type, id] = /^(?:([a-z][a-z._]*):)?([^\s:]{1,255})$/.exec(text) ?? [];
  if (id === undefined) {
    throw new UsageError("--resource takes a type and an id, like payment_intent:pi_123");
  }
  return { type: type ?? null, id };
}

const answerSchema = z.object({
  ok: z.boolean(),
  code: z.string().optional(),
  from: z.string().nullish(),
  until: z.string().nullish(),
  users: z.array(z.string()).default([]),
  // an id, or one with its type
  resources: z.array(z.union([z.string(), z.object({ type: z.string(), id: z.string() })]))
    .default([]),
  ids: z.array(z.string()).default([]),
});

const REFUSALS: Readonly<Record<string, string>> = {
  no_incidents: "This database has no incidents: payments_private.incident_scope is not there",
  unknown_incident: "There is no such incident",
};

/**
 * Asks the database whom and what the scope means. Users and resources add up; the times given are
 * instead of the incident's.
 *
 * @throws Error for an incident that there is not
 */
export async function resolveScope(
  database: Database,
  asked: AskedScope,
  now: Date,
): Promise<ResolvedScope> {
  const answer = await database.read(async (sql) => {
    const [row] = await sql`
      select payments_private.evidence_scope(${asked.incident}, array(
        select u::uuid from jsonb_array_elements_text(${
      JSON.stringify(asked.users)
    }::text::jsonb) as u)) as answer`;
    return answerSchema.parse(row?.["answer"]);
  });
  if (!answer.ok) throw new Error(REFUSALS[answer.code ?? ""] ?? answer.code ?? "Refused");
  const resources = [
    ...asked.resources,
    ...answer.resources.map((named) =>
      typeof named === "string" ? { type: null, id: named } : named
    ),
  ];
  const until = asked.until ?? roundUp(answer.until) ?? now.toISOString();
  const scope: Scope = {
    incident: asked.incident,
    from: asked.from ?? roundDown(answer.from),
    // what is written while the export runs would be half in it
    until: until < now.toISOString() ? until : now.toISOString(),
    users: answer.users,
    resources,
  };
  return {
    scope,
    ids: [
      ...answer.ids,
      ...resources.filter(({ type }) => type === null || type === "event").map(({ id }) => id),
    ],
    resources: resources.flatMap(({ type, id }) => type === null ? [] : [{ type, id }]),
  };
}

/** The database counts microseconds; a scope counts milliseconds, and must not lose any. */
function roundDown(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : new Date(Date.parse(text)).toISOString();
}

function roundUp(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : new Date(Date.parse(text) + 1).toISOString();
}
