import { z } from "zod";

/** Tasks this version has, in the order in which they run. Each is safe to run any number of times at once. */
export const TASK_NAMES = [
  "retry",
  "refresh",
  "reconcile",
  "seal",
  "detect",
  "notify",
  "purge",
  "verify",
] as const;
export type TaskName = (typeof TASK_NAMES)[number];

/** The body of `POST payments-worker`; without `tasks`, all of them that are due. */
export const workerSchema = z.strictObject({
  tasks: z.array(z.enum(TASK_NAMES)).min(1).max(TASK_NAMES.length).optional(),
});
