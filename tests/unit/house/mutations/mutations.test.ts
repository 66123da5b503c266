import { readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { IN_SCOPE } from "../../../../cli/compliance/requirements.ts";
import { applyMutation } from "../../../mutations/apply-mutation.ts";
import { MUTATIONS } from "../../../mutations/mutations.ts";
import { ROOT } from "../root.ts";

describe("the table of mutations", () => {
  it("has at least one for every requirement in scope", () => {
    const mutated = new Set(MUTATIONS.map(({ requirement }) => requirement));
    expect(IN_SCOPE.filter((id) => !mutated.has(id))).toEqual([]);
  });

  it.each(MUTATIONS.map((mutation) => [`${mutation.requirement} ${mutation.what}`, mutation]))(
    "finds its text exactly once and its tests: %s",
    async (_title, mutation) => {
      const text = await readFile(join(ROOT, mutation.file), "utf8");
      expect(applyMutation(text, mutation)).not.toBe(text);
      expect(mutation.tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
      expect(mutation.tests).not.toEqual([]);
    },
  );
});
