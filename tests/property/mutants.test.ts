import { afterAll, beforeAll, expect, test } from "vitest";
import { MUTANTS, mutate } from "./support/mutants.ts";
import { type ScratchServer, startScratchServer } from "./support/scratch-database.ts";
import { search } from "./support/search.ts";

// The property is worth what it catches: each part of the rule, taken away, must make it fail.

const HISTORIES_AT_MOST = 200;

let server: ScratchServer;

beforeAll(async () => {
  server = await startScratchServer();
});

afterAll(() => server.stop());

for (const [index, mutant] of MUTANTS.entries()) {
  test(`decision 3: the convergence property catches ${mutant.name}`, async () => {
    const database = await server.create(`mutant_${index}`);
    try {
      await mutate(database.admin, mutant);
      const { failed, histories } = await search(database, {
        firstSeed: mutant.firstSeed,
        count: HISTORIES_AT_MOST,
      });
      expect(failed, `${histories} histories noticed nothing`).not.toBeNull();
      expect(failed?.failures.join("\n")).toMatch(mutant.noticedAs);
    } finally {
      await database.close();
    }
  }, 120_000);
}
