import type { Mutation } from "./mutation.ts";
import { ACCESS_MUTATIONS } from "./table/access.ts";
import { ANOMALY_MUTATIONS } from "./table/anomalies.ts";
import { AUDIT_MUTATIONS } from "./table/audit.ts";
import { CHECKOUT_ATTACK_MUTATIONS } from "./table/checkout-attacks.ts";
import { CONFIGURATION_MUTATIONS } from "./table/configuration.ts";
import { CONSOLE_MUTATIONS } from "./table/console.ts";
import { DATA_MUTATIONS } from "./table/data.ts";
import { ERROR_MUTATIONS } from "./table/errors.ts";
import { EYES_MUTATIONS } from "./table/eyes.ts";
import { EVIDENCE_MUTATIONS } from "./table/evidence.ts";
import { GUARD_MUTATIONS } from "./table/guard.ts";
import { IDENTITY_ATTACK_MUTATIONS } from "./table/identity-attacks.ts";
import { INCIDENT_MUTATIONS } from "./table/incidents.ts";
import { PIPELINE_ATTACK_MUTATIONS } from "./table/pipeline-attacks.ts";
import { SCOPE_MUTATIONS } from "./table/scope.ts";
import { WEBHOOK_MUTATIONS } from "./table/webhook.ts";

/** At least one for every requirement in scope. */
export const MUTATIONS: readonly Mutation[] = [
  ...CONFIGURATION_MUTATIONS,
  ...WEBHOOK_MUTATIONS,
  ...SCOPE_MUTATIONS,
  ...ERROR_MUTATIONS,
  ...CHECKOUT_ATTACK_MUTATIONS,
  ...PIPELINE_ATTACK_MUTATIONS,
  ...IDENTITY_ATTACK_MUTATIONS,
  ...GUARD_MUTATIONS,
  ...ACCESS_MUTATIONS,
  ...DATA_MUTATIONS,
  ...AUDIT_MUTATIONS,
  ...EYES_MUTATIONS,
  ...ANOMALY_MUTATIONS,
  ...CONSOLE_MUTATIONS,
  ...INCIDENT_MUTATIONS,
  ...EVIDENCE_MUTATIONS,
];
