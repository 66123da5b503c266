// What can be asked of this project from outside: routes of the functions, procedures for people.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type postgres from "postgres";
import { codesIn, tableBelow } from "../../../unit/house/markdown-table.ts";

export interface Operation {
  /** `POST create-checkout`, or a procedure's name. */
  readonly name: string;
  /** A permission of role_permissions; null where the operation needs something else. */
  readonly permission: string | null;
  readonly who: string;
  readonly needs: string;
}

/** The table of docs/permissions.md. */
export function documentedOperations(root: string): Operation[] {
  const page = readFileSync(join(root, "docs/permissions.md"), "utf8");
  return tableBelow(page, "Operation", "Who asks", "Needs").map(([name, who = "", needs = ""]) => ({
    name: codesIn(name)[0] ?? "",
    permission: codesIn(needs)[0] ?? null,
    who,
    needs,
  }));
}

/**
 * Every route that the functions of a folder answer, read from what each gives to `endpoint`.
 *
 * @throws when a function's index.ts says nothing that can be read
 */
export function routesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("_"))
    .flatMap(({ name }) => routesOf(name, join(folder, name, "index.ts")))
    .toSorted();
}

function routesOf(name: string, file: string): string[] {
  const source = existsSync(file) ? readFileSync(file, "utf8") : "";
  const methods = listIn(source, "methods");
  if (!/fetch: endpoint\(\{/.test(source) || methods.length === 0) {
    throw new Error(`${name}: every function is an endpoint that names its methods in index.ts`);
  }
  const paths = /\bpaths:/.test(source) ? listIn(source, "paths") : [""];
  return [
    ...methods.flatMap((method) =>
      paths.map((path) => `${method} ${name}${path === "" ? "" : `/${path}`}`)
    ),
    ...listIn(source, "readPaths").map((path) => `GET ${name}/${path}`),
  ];
}

function listIn(source: string, key: string): string[] {
  const list = new RegExp(`\\b${key}: \\[([^\\]]*)\\]`).exec(source)?.[1] ?? "";
  return [...list.matchAll(/"([^"]*)"/g)].map(([, item = ""]) => item);
}

/** The procedures that people may run, signed in or not. */
export async function proceduresForPeople(sql: postgres.ISql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select distinct p.proname as name from pg_proc as p
    where p.pronamespace = 'payments'::regnamespace
      and (has_function_privilege('anon', p.oid, 'execute')
        or has_function_privilege('authenticated', p.oid, 'execute'))
    order by 1`;
  return rows.map(({ name }) => name);
}

/** Operations without a line in the table, and lines without an operation. */
export function mismatches(found: readonly string[], documented: readonly Operation[]): string[] {
  const lines = documented.map(({ name }) => name);
  return [
    ...found.filter((name) => !lines.includes(name)).map((name) => `${name} has no permission`),
    ...lines.filter((name) => !found.includes(name)).map((name) => `${name} is no operation`),
  ].toSorted();
}
