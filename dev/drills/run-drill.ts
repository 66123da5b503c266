import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type DocumentedCommand, documentedCommands } from "../../cli/documented-commands.ts";
import type { Disaster, Scenario } from "./scenario.ts";
import { until, type World } from "./world.ts";

/** How a drill went. Times in milliseconds, from when the thing had happened. */
export interface DrillResult {
  readonly name: string;
  readonly passed: boolean;
  readonly detected_ms: number | null;
  readonly contained_ms: number | null;
  readonly over_ms: number | null;
  readonly commands: number;
  readonly incident: string | null;
  readonly error: string | null;
}

/** Commands that only look: a finding of theirs stops no drill. */
const LOOKS = ["status", "doctor", "dead-letters", "incident notices", "incident list"];

/** What a drill says in the place of what people would write. */
const WORDS: Readonly<Record<string, string>> = {
  what: "a drill: nothing happened to anybody",
  "what it may mean": "nothing",
  "what was done": "the commands of the runbook",
  "whom to ask": "the operator of this stack",
  "file number": "drill",
  number: "2",
};

/** Causes what a runbook is about and runs its commands, in the page's order. */
export async function runDrill(world: World, scenario: Scenario): Promise<DrillResult> {
  const drill = new Drill(world, await readRunbook(world.root, scenario.name));
  try {
    await drill.run(await scenario.cause(world));
    return { ...drill.result(scenario.name), passed: true, error: null };
  } catch (error) {
    return {
      ...drill.result(scenario.name),
      passed: false,
      error: error instanceof Error ? error.message : String(error),
    };
  }
}

async function readRunbook(root: string, name: string): Promise<readonly DocumentedCommand[]> {
  const page = await readFile(join(root, `docs/runbooks/${name}.md`), "utf8");
  return documentedCommands(page).filter(({ inBlock }) => inBlock);
}

class Drill {
  private startedAt = 0;
  private detected: number | null = null;
  private contained: number | null = null;
  private over: number | null = null;
  private incident: string | null = null;
  private count = 0;

  constructor(private readonly world: World, private readonly page: readonly DocumentedCommand[]) {}

  async run(disaster: Disaster): Promise<void> {
    this.startedAt = Date.now();
    await until("it shows", disaster.shows);
    this.detected = this.elapsed();
    const values = { ...WORDS, ...this.times(), ...disaster.values };
    await this.section("Open", values);
    await this.section("Contain", values);
    await until("it is contained", disaster.contained);
    this.contained = this.elapsed();
    await this.section("Who is touched", values);
    await this.section("Tell people", values);
    await disaster.repair?.();
    await this.section("Way back", values);
    await until("it is over", disaster.over);
    this.over = this.elapsed();
    await this.section("Close", values);
  }

  result(name: string) {
    return {
      name,
      detected_ms: this.detected,
      contained_ms: this.contained,
      over_ms: this.over,
      commands: this.count,
      incident: this.incident,
    };
  }

  private elapsed(): number {
    return Date.now() - this.startedAt;
  }

  private times(): Record<string, string> {
    const minute = 60_000;
    return {
      when: new Date(this.startedAt - minute).toISOString(),
      date: new Date(this.startedAt + 30 * 24 * 60 * minute).toISOString().slice(0, 10),
    };
  }

  private async section(name: string, values: Readonly<Record<string, string>>): Promise<void> {
    for (const { words } of this.page.filter(({ section }) => section === name)) {
      await this.command(words.map((word) => this.fill(word, values)));
    }
  }

  /** @throws for a placeholder that nothing stands for */
  private fill(word: string, values: Readonly<Record<string, string>>): string {
    return word.replaceAll(/<([a-z ]+)>/g, (_, name: string) => {
      const value = name === "incident" ? this.incident : values[name];
      if (value === null || value === undefined) throw new Error(`<${name}> stands for nothing`);
      return value;
    });
  }

  private async command(words: readonly string[]): Promise<void> {
    const line = words.join(" ");
    const opens = line.startsWith("incident open");
    const { code, out, error } = await this.world.operator(opens ? [...words, "--json"] : words);
    this.count++;
    if (code === 2 || (code === 1 && !LOOKS.some((look) => line.startsWith(look)))) {
      throw new Error(`payments ${line}: ${(error || out).trim()}`);
    }
    if (opens) this.incident = String(Object(JSON.parse(out))["incident"]);
  }
}
