import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { FUNCTION_NAMES, type FunctionName } from "../../../supabase/functions/_shared/config.ts";
import { codesIn, tableBelow } from "./markdown-table.ts";
import { ROOT } from "./root.ts";

const FUNCTIONS = "supabase/functions";
/** The table of kinds, whose fetches and lists only those functions call that take them out of it. */
const KINDS = `${FUNCTIONS}/_shared/object-kinds.ts`;
const USES_KINDS = /\{[^}]*\b(?:fetch|list)\b[^}]*\} = OBJECT_KINDS\[/;

const IMPORT = /^(?:import|export)[^;]*? from "(\.[^"]+)";/gm;
const TYPE_IMPORT = /^import type [^;]*;/gm;
const CALL =
  /\bstripe((?:\s*\.\s*[a-z]\w*)+)\s*\.\s*(list|create|retrieve|retrieveCurrent|update|del|cancel|expire|search|confirm|capture|pay|voidInvoice)\(/g;
// not the host name api.stripe.com
const ANY_USE = /\bstripe\s*\.\s*(?!com\b)(\w+)/g;
const READS = ["list", "retrieve", "retrieveCurrent", "search"];

interface Permission {
  permission: string;
  calls: string[];
}

async function filesOf(name: FunctionName): Promise<string[]> {
  const files = await readdir(join(ROOT, FUNCTIONS, name), { recursive: true });
  return files.filter((file) => file.endsWith(".ts")).map((file) => `${FUNCTIONS}/${name}/${file}`);
}

async function sourceOf(path: string): Promise<string> {
  const text = await readFile(join(ROOT, path), "utf8");
  return text.replace(/\/\*[^]*?\*\/|(?<!:)\/\/.*$/gm, "");
}

/** What a function's code can reach of Stripe's API. */
async function callsOf(name: FunctionName): Promise<Record<string, Permission>> {
  const queue = await filesOf(name);
  const own = await Promise.all(queue.map(sourceOf));
  const usesKinds = own.some((text) => USES_KINDS.test(text));
  const seen = new Set<string>();
  const calls = new Map<string, Set<string>>();
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path) || (path === KINDS && !usesKinds)) continue;
    seen.add(path);
    const text = await sourceOf(path);
    for (const [resource, method] of callsIn(text)) {
      calls.set(resource, (calls.get(resource) ?? new Set()).add(method));
    }
    for (const [, target = ""] of text.replace(TYPE_IMPORT, "").matchAll(IMPORT)) {
      const imported = normalize(join(dirname(path), target));
      if (existsSync(join(ROOT, imported))) queue.push(imported);
    }
  }
  return Object.fromEntries([...calls].map(([resource, methods]) => [resource, {
    permission: [...methods].every((method) => READS.includes(method)) ? "Read" : "Write",
    calls: [...methods].toSorted(),
  }]));
}

function callsIn(text: string): [string, string][] {
  return [...text.matchAll(CALL)].map(([, path = "", method = ""]) => [
    path.replaceAll(/\s/g, "").slice(1),
    method,
  ]);
}

async function documented(): Promise<Record<string, Record<string, Permission>>> {
  const text = await readFile(join(ROOT, "docs/stripe-keys.md"), "utf8");
  const table: Record<string, Record<string, Permission>> = {};
  for (const [name, resource, permission = "", calls] of tableBelow(text, "Function", "Resource")) {
    const rows = table[codesIn(name)[0] ?? ""] ??= {};
    rows[codesIn(resource)[0] ?? ""] = { permission, calls: codesIn(calls).toSorted() };
  }
  return table;
}

describe("docs/stripe-keys.md", () => {
  it.each(FUNCTION_NAMES)(
    "2.1c lists exactly the calls that %s can make to Stripe",
    async (name) => {
      expect((await documented())[name] ?? {}).toEqual(await callsOf(name));
    },
  );

  it("2.1c has the union of all functions in its last table", async () => {
    const union: Record<string, string> = {};
    for (const rows of Object.values(await documented())) {
      for (const [resource, { permission }] of Object.entries(rows)) {
        if (union[resource] !== "Write") union[resource] = permission;
      }
    }
    const text = await readFile(join(ROOT, "docs/stripe-keys.md"), "utf8");
    const rows = tableBelow(text, "Resource", "Permission")
      .map(([resource, permission = ""]) => [codesIn(resource)[0] ?? "", permission]);
    expect(Object.fromEntries(rows)).toEqual(union);
  });

  it("2.1c overlooks no use of the SDK", async () => {
    for (const name of [...FUNCTION_NAMES, "_shared"] as const) {
      const files = name === "_shared"
        ? (await readdir(join(ROOT, FUNCTIONS, name), { recursive: true }))
          .filter((file) => file.endsWith(".ts")).map((file) => `${FUNCTIONS}/_shared/${file}`)
        : await filesOf(name);
      for (const file of files) {
        const text = await sourceOf(file);
        const used = [...text.matchAll(ANY_USE)].map(([, resource]) => resource);
        const understood = callsIn(text).map(([resource]) => resource.split(".")[0]);
        expect([file, used.toSorted()]).toEqual([file, understood.toSorted()]);
      }
    }
  });
});
