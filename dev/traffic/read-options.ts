import { parseArgs } from "node:util";

/** What `npm start` was asked for. */
export interface StartOptions {
  /** Lets the shop live a busy day. */
  readonly traffic: boolean;
  readonly seed: number;
}

/** @throws Error for an option that there is not, or a seed that is no whole number */
export function readStartOptions(args: readonly string[]): StartOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { traffic: { type: "boolean", default: false }, seed: { type: "string" } },
  });
  if (values.seed !== undefined && !values.traffic) throw new Error("--seed belongs to --traffic");
  const seed = Number(values.seed ?? 1);
  if (values.seed === "" || !Number.isSafeInteger(seed) || seed < 0) {
    throw new Error("--seed takes a whole number");
  }
  return { traffic: values.traffic, seed };
}
