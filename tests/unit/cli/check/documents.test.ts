import { describe, expect, it } from "vitest";
import {
  anchorOf,
  commandsStep,
  linksOf,
  linksStep,
  scriptsNamedIn,
} from "../../../../cli/check/documents.ts";
import { ROOT } from "../../house/root.ts";

describe("linksOf", () => {
  it("finds links and pictures, but not those in code", () => {
    const text = '[a](b.md) ![c](d.png "t") `[e](f.md)`\n```md\n[g](h.md)\n```\n<img src="i.png">';
    expect(linksOf(text)).toEqual(["b.md", "d.png", "i.png"]);
  });
});

describe("anchorOf", () => {
  it.each([
    ["What each leaked key can do", "what-each-leaked-key-can-do"],
    ["`npm start`, explained", "npm-start-explained"],
    ["SAQ A – why", "saq-a--why"],
  ])("turns %j into %j", (heading, anchor) => {
    expect(anchorOf(heading)).toBe(anchor);
  });
});

describe("scriptsNamedIn", () => {
  it("finds scripts by both ways of running them", () => {
    expect(scriptsNamedIn("npm ci && npm test; npm run -s payments -- x; npm run check"))
      .toEqual(["test", "payments", "check"]);
  });
});

describe("this repository's documents", () => {
  it("link to what exists", async () => {
    expect(await linksStep.run(ROOT)).toEqual([]);
  });

  it("name commands that exist", async () => {
    expect(await commandsStep.run(ROOT)).toEqual([]);
  });
});
