import type { Mutation } from "../mutation.ts";

const CONFIG = "supabase/functions/_shared/config.ts";
const VALUES = "supabase/functions/_shared/config-values.ts";
const CONFIG_TESTS = ["tests/unit/functions/config.test.ts"];

/** Secrets and settings. */
export const CONFIGURATION_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "2.1a",
    what: "no longer recognises Stripe's live keys in the git history",
    file: "cli/check/find-leaks.ts",
    find: "/\\b[sr]k_live_([A-Za-z0-9_]{20,})/g",
    replace: "/\\bsk_never_([A-Za-z0-9_]{20,})/g",
    tests: ["tests/unit/cli/check/history-leaks.test.ts"],
    name: "finds a key that a later commit removed",
  },
  {
    requirement: "2.1a",
    what: "quotes a malformed variable's value in the reason",
    file: VALUES,
    find: 'context.addIssue({ code: "custom", message });',
    replace: 'context.addIssue({ code: "custom", message: value });',
    tests: CONFIG_TESTS,
    name: "names variables, never values",
  },
  {
    requirement: "2.1b",
    what: "does without a variable that is not set",
    file: CONFIG,
    find: "if (variable in VARIABLES) reasons.push(`${variable} is not set`);",
    replace: "",
    tests: CONFIG_TESTS,
    name: "refuses to work without",
  },
  {
    requirement: "2.1b",
    what: "leaves the configuration changeable",
    file: CONFIG,
    find: "return deepFreeze(config);",
    replace: "return config;",
    tests: CONFIG_TESTS,
    name: "freezes what it read",
  },
  {
    requirement: "2.1b",
    what: "handles requests although the configuration was refused",
    file: "supabase/functions/_shared/endpoint.ts",
    find: "if (dependencies instanceof ConfigError) {",
    replace: "if (false) {",
    tests: ["tests/unit/functions/endpoint.test.ts"],
    name: "answers 503 and calls nobody",
  },
  {
    requirement: "2.2b",
    what: "takes a publishable key for a secret one",
    file: VALUES,
    find: "!/^(sb_publishable_|pk_)/.test(key) && ",
    replace: "",
    tests: CONFIG_TESTS,
    name: "refuses a publishable key in a secret's place",
  },
  {
    requirement: "2.1a",
    what: "writes credentials into the log",
    file: "supabase/functions/_shared/log.ts",
    find: '.replace(CREDENTIAL, "[credential]")',
    replace: "",
    tests: ["tests/unit/functions/log.test.ts"],
    name: "out of a value",
  },
];
