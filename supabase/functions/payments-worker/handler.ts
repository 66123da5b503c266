import type { EndpointRequest } from "../_shared/endpoint.ts";
import { PaymentError } from "../_shared/errors.ts";
import { hasSecretKey } from "../_shared/has-secret-key.ts";
import { parseJson } from "../_shared/parse-json.ts";
import { type Answer, ok } from "../_shared/respond.ts";
import { validate } from "../_shared/validate.ts";
import { TASK_NAMES, type TaskName, workerSchema } from "./request.ts";
import { OPENMETRICS_TYPE, renderMetrics } from "./render-metrics.ts";
import type { Metrics } from "./store.ts";
import type { Task, TaskResult } from "./task.ts";

export interface Dependencies {
  workerKey: string;
  tasks: Record<TaskName, Task>;
  readMetrics: () => Promise<Metrics>;
}

/** Checks the key, then runs the tasks one after another and reports on each, or shows the metrics. */
export async function handle(request: EndpointRequest, deps: Dependencies): Promise<Answer> {
  if (!await hasSecretKey(request.headers, deps.workerKey)) throw new PaymentError("unauthorized");
  if (request.method === "GET") {
    return {
      status: 200,
      headers: { "Content-Type": OPENMETRICS_TYPE },
      body: renderMetrics(await deps.readMetrics()),
    };
  }
  const { tasks } = validate(workerSchema, parseJson(request.body));

  const forced = tasks !== undefined;
  const run = { requestId: request.requestId, log: request.log, forced };
  const results: Partial<Record<TaskName, TaskResult>> = {};
  for (const name of TASK_NAMES) {
    if (tasks !== undefined && !tasks.includes(name)) continue;
    const result = await deps.tasks[name](run);
    results[name] = result;
    if (result.done + result.failed > 0) {
      request.log("info", "task", { task: name, done: result.done, failed: result.failed });
    }
  }
  return ok({ tasks: results });
}
