import { join } from "node:path";
import { projectRoot } from "../../../dev/stack/paths.ts";
import { type Stack, startStack } from "../../../dev/stack/start-stack.ts";

/** A stack of its own on the small project in fixture/, for tests that look at the stack and not at the product. */
export function startFixtureStack(options: { withFunctions?: boolean } = {}): Promise<Stack> {
  return startStack({
    ...options,
    root: join(projectRoot, "tests", "integration", "stack", "fixture"),
    stateFile: null,
    schedulerIntervalMs: null,
  });
}
