import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const CONTAIN = new URL("../../support/contain-immediates.ts", import.meta.url).href;

/** As the driver does when the server dies: one immediate throws, and what hears of it clears the next. */
function script(prelude: string): string {
  return `
    ${prelude}
    let heard = 0;
    let second;
    const hear = (error) => {
      heard++;
      clearImmediate(second);
      if (heard > 10) { console.log("for ever"); Deno.exit(); }
    };
    process.on("uncaughtException", hear);
    process.on("unhandledRejection", hear);
    setImmediate(() => { throw new Error("lost"); });
    second = setImmediate(() => {});
    setImmediate(() => {});
    setTimeout(() => { console.log("heard", heard); Deno.exit(); }, 50);`;
}

async function run(code: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", `import process from "node:process";\n${code}`],
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

describe("an immediate that throws", () => {
  it("makes Deno throw for ever when what hears of it clears another", async () => {
    expect(await run(script(""))).toBe("for ever");
  });

  it("is heard of once where immediates are contained", async () => {
    expect(await run(script(`await import(${JSON.stringify(CONTAIN)});`))).toBe("heard 1");
  });
});
