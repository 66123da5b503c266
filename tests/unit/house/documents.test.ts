import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  FUNCTION_NAMES,
  OPTIONAL_VARIABLES,
  VARIABLES,
} from "../../../supabase/functions/_shared/config.ts";
import { ERRORS } from "../../../supabase/functions/_shared/errors.ts";
import {
  HANDLED_EVENTS,
  handledEvent,
} from "../../../supabase/functions/_shared/handled-events.ts";
import { STRIPE_API_VERSION } from "../../../supabase/functions/_shared/stripe-client.ts";
import { readRecords } from "../../../cli/compliance/records.ts";
import { codesIn, tableBelow } from "./markdown-table.ts";
import { ROOT } from "./root.ts";

const read = (path: string) => readFile(join(ROOT, path), "utf8");

const packageSchema = z.object({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
});

describe("docs/dependencies.md", () => {
  it("has a reason for every dependency, and for nothing else", async () => {
    const manifest = packageSchema.parse(JSON.parse(await read("package.json")));
    const rows = (await read("docs/dependencies.md")).split("\n")
      .filter((line) => line.startsWith("| `"))
      .map((line) => line.split("|"));
    const listed = rows.flatMap((cells) => codesIn(cells[1]));
    const installed = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(listed.toSorted()).toEqual(installed.toSorted());
    expect(rows.filter((cells) => (cells[3] ?? "").trim() === "")).toEqual([]);
  });
});

describe("docs/errors.md", () => {
  it("9.1a lists exactly the codes, statuses and titles that a function can answer", async () => {
    const rows = tableBelow(await read("docs/errors.md"), "Code", "Status", "Title");
    const documented = Object.fromEntries(rows.map(([code = "", status, title]) => [
      code.replaceAll("`", ""),
      { status: Number(status), title },
    ]));
    expect(documented).toEqual(ERRORS);
  });
});

describe("docs/configuration.md", () => {
  it("2.1b says which function needs which variable, as the code does", async () => {
    const rows = tableBelow(await read("docs/configuration.md"), "Variable", FUNCTION_NAMES[0]);
    const needed: Record<string, string[]> = {};
    const optional: Record<string, string[]> = {};
    for (const [variable, ...cells] of rows) {
      const name = codesIn(variable)[0] ?? "";
      for (const [index, functionName] of FUNCTION_NAMES.entries()) {
        if (cells[index] === "●") (needed[name] ??= []).push(functionName);
        if (cells[index] === "○") (optional[name] ??= []).push(functionName);
      }
    }
    const sorted = (table: Readonly<Record<string, readonly string[]>>) =>
      Object.fromEntries(Object.entries(table).map(([name, users]) => [name, users.toSorted()]));
    expect(sorted(needed)).toEqual(sorted(VARIABLES));
    expect(sorted(optional)).toEqual(sorted(OPTIONAL_VARIABLES));
  });
});

describe("docs/webhooks.md", () => {
  it("lists exactly the events that have an effect", async () => {
    const rows = tableBelow(await read("docs/webhooks.md"), "Object", "Use", "Id at", "Shows");
    const documented = rows.flatMap(([object, use, idAt, shows, events]) =>
      codesIn(events).map((type) => ({
        type,
        kind: codesIn(object)[0],
        use: codesIn(use)[0],
        idAt: codesIn(idAt)[0],
        shows: codesIn(shows)[0],
      }))
    );
    const handled = Object.keys(HANDLED_EVENTS).map((type) => ({
      type,
      shows: undefined,
      idAt: "id",
      ...handledEvent(type),
    }));
    const byType = (one: { type: string }, other: { type: string }) =>
      one.type < other.type ? -1 : 1;
    expect(documented.toSorted(byType)).toEqual(handled.toSorted(byType));
  });

  it("names the API version that the code was written against", async () => {
    expect(await read("docs/webhooks.md")).toContain(STRIPE_API_VERSION);
  });
});

describe("docs/database.md", () => {
  it("names every table, granted procedure and private error of the migrations", async () => {
    const folder = join(ROOT, "supabase/migrations");
    const files = await readdir(folder);
    const sql = (await Promise.all(files.map((file) => readFile(join(folder, file), "utf8"))))
      .join("\n");
    const names = [
      ...sql.matchAll(/^create table (?:payments|payments_private|audit)\.(\w+)/gm),
      ...sql.matchAll(/^grant execute on function (?:payments)\.(\w+)/gm),
      ...sql.matchAll(/errcode = '(P[A-Z]\d{3})'/g),
    ].map((match) => match[1] ?? "");
    const text = (await read("docs/database.md")).replace(/^```[^]*?^```/gm, "");
    const documented = codesIn(text)
      .map((code) => code.replace(/\(.*\)$/, ""));
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !documented.includes(name))).toEqual([]);
  });
});

describe("docs/compliance.md", () => {
  it("names every record", async () => {
    const rows = tableBelow(await read("docs/compliance.md"), "Record", "Row");
    const documented = rows.map(([id, row]) => `${codesIn(id)[0]} for ${row}`);
    const records = (await readRecords(ROOT)).map(({ id, requirement }) =>
      `${id} for ${requirement}`
    );
    expect(documented.toSorted()).toEqual(records.toSorted());
  });
});

describe("docs/adr", () => {
  it("has an index of all decisions, numbered without a gap", async () => {
    const files = (await readdir(join(ROOT, "docs/adr"))).filter((file) => /^\d/.test(file)).sort();
    const linked = [...(await read("docs/adr/README.md")).matchAll(/\((\d{4}-[\w-]+\.md)\)/g)]
      .map((match) => match[1]);
    expect(linked).toEqual(files);
    expect(files.map((file) => Number(file.slice(0, 4)))).toEqual(
      files.map((_, index) => index + 1),
    );
  });
});
