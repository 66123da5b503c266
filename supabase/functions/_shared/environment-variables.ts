import { type EnvSource, OPTIONAL_VARIABLES, VARIABLES } from "./config.ts";

/** Copies the known variables out of the process environment; the only place that reads it. */
export function readEnvironment(): EnvSource {
  const names = [...Object.keys(VARIABLES), ...Object.keys(OPTIONAL_VARIABLES)];
  return Object.fromEntries(names.map((name) => [name, Deno.env.get(name)]));
}
