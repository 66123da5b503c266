import { z } from "zod";

/** Tasks this version has. Each is safe to run any number of times at once. */
export const TASK_NAMES = ["refresh"] as const;
export type TaskName = (typeof TASK_NAMES)[number];

/** The body of `POST payments-worker`; without `tasks`, all of them. */
export const workerSchema = z.strictObject({
  tasks: z.array(z.enum(TASK_NAMES)).min(1).max(TASK_NAMES.length).default([...TASK_NAMES]),
});
