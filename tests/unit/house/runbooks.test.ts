import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  faultOf,
  paymentsCommandsStep,
  programForReading,
} from "../../../cli/check/payments-commands.ts";
import { documentedCommands } from "../../../cli/documented-commands.ts";
import { SCENARIOS as DRILLS } from "../../../dev/drills/scenarios.ts";
import { codesIn, tableBelow } from "./markdown-table.ts";
import { ROOT } from "./root.ts";
import { withoutComments } from "./sql-calls.ts";

const folder = join(ROOT, "docs/runbooks");
const read = (name: string) => readFile(join(folder, name), "utf8");

const SCENARIOS = [
  "data-exposed",
  "database-restore",
  "forged-events",
  "fraud-wave",
  "secret-key-leaked",
  "stripe-outage",
  "webhook-secret-leaked",
];

/** Rules that SQL names by a variable. */
const BY_VARIABLE = [
  ...["unpaid_sessions", "amount_velocity", "users_by_address", "new_customers"],
  ...["incident_clock", "incident_overdue", "anchor_failed"],
];

async function rulesInMigrations(): Promise<string[]> {
  const migrations = join(ROOT, "supabase/migrations");
  const files = await readdir(migrations);
  const sql = withoutComments(
    (await Promise.all(files.map((file) => readFile(join(migrations, file), "utf8")))).join("\n"),
  );
  const named = sql.matchAll(/\b\w*alert\(\s*'([a-z_]+)'/g);
  const rules = [...named].map(([, rule = ""]) => rule);
  for (const rule of BY_VARIABLE) expect(sql, rule).toContain(`'${rule}'`);
  return [...new Set([...rules, ...BY_VARIABLE])].toSorted();
}

describe("docs/runbooks", () => {
  it("10.1a has a page for every scenario, and the index links to each", async () => {
    const files = (await readdir(folder)).filter((file) => file.endsWith(".md"));
    expect(files).toEqual(expect.arrayContaining(SCENARIOS.map((name) => `${name}.md`)));
    const index = await read("README.md");
    for (const file of files.filter((name) => name !== "README.md")) {
      expect(index, file).toContain(`(${file})`);
    }
  });

  it.each(SCENARIOS)(
    "10.1a %s opens, contains, comes back and closes by commands",
    async (name) => {
      const page = await read(`${name}.md`);
      expect(page).toContain("**Shows as**");
      expect(page).toContain("**Contained when**");
      const commands = documentedCommands(page).filter(({ inBlock }) => inBlock);
      const bySection = (section: string) =>
        commands.filter((one) => one.section === section).map(({ words }) =>
          words.slice(0, 2).join(" ")
        );
      expect(bySection("Open")).toEqual(["incident open"]);
      expect(bySection("Contain")[0]).toBe("incident contain");
      expect(bySection("Way back").length).toBeGreaterThan(0);
      expect(bySection("Close").at(-1)).toBe("incident close");
    },
  );

  it("10.1a every command in a document is one that the command line takes", async () => {
    expect(await paymentsCommandsStep.run(ROOT)).toEqual([]);
  });

  it("10.1a every runbook has a drill that runs its commands", () => {
    expect(DRILLS.map(({ name }) => name).toSorted()).toEqual(SCENARIOS);
  });

  it("8.2a every rule of an alert has a line that says what to read", async () => {
    const rows = tableBelow(await read("README.md"), "Rule", "Read", "Look at");
    const documented = rows.flatMap(([rules]) => codesIn(rules));
    expect(documented.toSorted()).toEqual(await rulesInMigrations());
  });
});

describe("the check of commands in documents", () => {
  const program = programForReading(ROOT);
  const fault = (text: string) => {
    const [command] = documentedCommands(`\`\`\`sh\nnpm run payments -- ${text}\n\`\`\``);
    return command === undefined ? "not found" : faultOf(program, command);
  };

  it.each([
    ['hold <user id> --reason "a b"', null],
    ["status   # how is it?", null],
    ["incident nonsense", "there is no incident nonsense"],
    ["incident", "there is no incident"],
    ["status --nonsense", "status has no --nonsense"],
    ["hold <user>", "hold needs --reason"],
    ['hold --reason "a b"', "hold takes more words"],
    ['hold <user> <user> --reason "a b"', "hold takes fewer words"],
    ['incident contain <incident> stop-all --reason="a b"', null],
    ["incident contain --help", null],
  ])("10.1a says of %j: %s", (text, expected) => {
    expect(fault(text)).toBe(expected);
  });
});
