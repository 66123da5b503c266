import type { Mutation } from "./mutation.ts";
import { CONFIGURATION_MUTATIONS } from "./table/configuration.ts";
import { ERROR_MUTATIONS } from "./table/errors.ts";
import { SCOPE_MUTATIONS } from "./table/scope.ts";
import { WEBHOOK_MUTATIONS } from "./table/webhook.ts";

/** At least one for every requirement in scope. */
export const MUTATIONS: readonly Mutation[] = [
  ...CONFIGURATION_MUTATIONS,
  ...WEBHOOK_MUTATIONS,
  ...SCOPE_MUTATIONS,
  ...ERROR_MUTATIONS,
];
