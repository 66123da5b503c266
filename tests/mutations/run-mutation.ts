import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestReport } from "../../cli/compliance/test-report.ts";
import { applyMutation } from "./apply-mutation.ts";
import { copyTree } from "./copy-tree.ts";
import { judge, judgeBaseline, type Judgement } from "./judge.ts";
import type { Mutation } from "./mutation.ts";
import { runVitest } from "./run-vitest.ts";

/** Characters of vitest's output that go into a reason. */
const LONGEST_OUTPUT = 1500;

/** Runs the tests that the mutations name on an unchanged copy. */
export async function runBaseline(
  root: string,
  mutations: readonly Mutation[],
): Promise<TestReport> {
  const copy = await copyTree(root);
  try {
    const files = [...new Set(mutations.flatMap(({ tests }) => tests))];
    const name = [...new Set(mutations.map((mutation) => `(?:${mutation.name})`))].join("|");
    return (await runVitest({ root: copy.root, files, name })).report;
  } finally {
    await copy.remove();
  }
}

/** Applies one mutation to a fresh copy and judges what its tests say. */
export async function runMutation(
  root: string,
  mutation: Mutation,
  baseline: TestReport,
): Promise<Judgement> {
  const unfit = judgeBaseline(baseline, mutation);
  if (unfit !== null) return unfit;
  const copy = await copyTree(root);
  try {
    const file = join(copy.root, mutation.file);
    await writeFile(file, applyMutation(await readFile(file, "utf8"), mutation));
    const { tests, name } = mutation;
    const { report, output } = await runVitest({ root: copy.root, files: tests, name });
    const judgement = judge(report, mutation);
    return judgement.verdict === "invalid"
      ? { ...judgement, reason: `${judgement.reason}\n${output.slice(-LONGEST_OUTPUT)}` }
      : judgement;
  } catch (error) {
    return { verdict: "invalid", reason: error instanceof Error ? error.message : String(error) };
  } finally {
    await copy.remove();
  }
}
