import { z } from "zod";

/** What can be made to go wrong on demand. Probabilities are 0 to 1. */
export const faultsSchema = z.strictObject({
  api: z.array(z.strictObject({
    /** A path such as `/v1/customers` (also what lies below it); every path if absent. */
    path: z.string().startsWith("/").optional(),
    method: z.enum(["GET", "POST", "DELETE"]).optional(),
    kind: z.enum(["timeout", "timeout_after", "429", "500", "garbage", "content_type"]),
    probability: z.number().min(0).max(1).default(1),
    /** How many times it happens; without it, until faults are cleared. */
    times: z.int().min(1).optional(),
  })).default([]),
  delivery: z.strictObject({
    duplicate: z.number().min(0).max(1).default(0),
    reorder: z.number().min(0).max(1).default(0),
    delay_ms: z.number().min(0).max(600_000).default(0),
    drop: z.number().min(0).max(1).default(0),
  }).default({ duplicate: 0, reorder: 0, delay_ms: 0, drop: 0 }),
});

export type FaultPlan = z.output<typeof faultsSchema>;
export type ApiFaultKind = FaultPlan["api"][number]["kind"];

const none: FaultPlan = { api: [], delivery: { duplicate: 0, reorder: 0, delay_ms: 0, drop: 0 } };

/** The faults in force. */
export class Faults {
  #plan: FaultPlan = none;
  #left: number[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  set(plan: FaultPlan): void {
    this.#plan = plan;
    this.#left = plan.api.map((fault) => fault.times ?? Number.POSITIVE_INFINITY);
  }

  clear(): void {
    this.set(none);
  }

  get delivery(): FaultPlan["delivery"] {
    return this.#plan.delivery;
  }

  /** Draws the fault that hits this request, if one does. */
  forRequest(method: string, path: string): ApiFaultKind | undefined {
    for (const [index, fault] of this.#plan.api.entries()) {
      const left = this.#left[index] ?? 0;
      if (left <= 0 || (fault.method !== undefined && fault.method !== method)) continue;
      if (fault.path !== undefined && path !== fault.path && !path.startsWith(`${fault.path}/`)) {
        continue;
      }
      if (this.#random() >= fault.probability) continue;
      this.#left[index] = left - 1;
      return fault.kind;
    }
    return undefined;
  }

  /** True with the given probability. */
  happens(probability: number): boolean {
    return probability > 0 && this.#random() < probability;
  }
}
