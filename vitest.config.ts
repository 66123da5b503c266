import process from "node:process";
import { defineConfig } from "vitest/config";
import { isLostConnection } from "./tests/fault/support/lost-connections.ts";

// Forks only: vitest's thread pool does not run inside Deno. The files of a project share one module
// registry (no isolation), and everything that needs the stack shares one, started by globalSetup.
export default defineConfig({
  test: {
    pool: "forks",
    onUnhandledError: (error) => !isLostConnection(error),
    reporters: ["default", ["json", {
      // only a run of all tests says what is proven
      outputFile: process.env["PAYMENTS_TEST_REPORT"] ?? ".local/last-run.json",
    }]],
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts"],
          isolate: false,
          // a group of its own: projects with different numbers of workers cannot share one
          sequence: { groupOrder: 1 },
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
          setupFiles: ["tests/support/contain-immediates.ts"],
          isolate: false,
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
