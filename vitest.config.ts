import { defineConfig } from "vitest/config";
import { isLostConnection } from "./tests/fault/support/lost-connections.ts";

// Forks only: vitest's thread pool does not run inside Deno. Unit tests share one module registry
// (no isolation), everything that needs the stack shares one stack started by globalSetup.
export default defineConfig({
  test: {
    pool: "forks",
    onUnhandledError: (error) => !isLostConnection(error),
    reporters: ["default", ["json", { outputFile: ".local/test-results.json" }]],
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts"],
          isolate: false,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "stack",
          include: [
            "tests/integration/**/*.test.ts",
            "tests/attack/**/*.test.ts",
            "tests/property/**/*.test.ts",
            "tests/fault/**/*.test.ts",
            "tests/browser/**/*.test.ts",
          ],
          globalSetup: ["tests/support/stack-setup.ts"],
          isolate: false,
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
