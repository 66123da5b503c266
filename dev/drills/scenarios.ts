import type { Scenario } from "./scenario.ts";
import { forgedEvents, secretKeyLeaked, webhookSecretLeaked } from "./scenarios/keys.ts";
import { databaseRestore, stripeOutage } from "./scenarios/outages.ts";
import { dataExposed, fraudWave } from "./scenarios/people.ts";

/** One for each runbook. */
export const SCENARIOS: readonly Scenario[] = [
  secretKeyLeaked,
  webhookSecretLeaked,
  forgedEvents,
  dataExposed,
  fraudWave,
  stripeOutage,
  databaseRestore,
];
