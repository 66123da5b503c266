import {
  type Config,
  ConfigError,
  type EnvSource,
  type FunctionName,
  loadConfig,
} from "./config.ts";
import type { Surroundings } from "./endpoint.ts";

/**
 * Reads the configuration and builds the dependencies once, when the function starts. A refused
 * configuration does not crash the process: every request then answers 503, and the log says why.
 */
export function readSurroundings<D>(
  name: FunctionName,
  env: EnvSource,
  build: (config: Config) => D,
): Surroundings<D> {
  try {
    const config = loadConfig(name, env);
    return {
      environment: config.environment,
      allowedOrigins: config.allowedOrigins,
      dependencies: build(config),
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {
      environment: knownEnvironment(env["PAYMENTS_ENV"]),
      allowedOrigins: [],
      dependencies: error,
    };
  }
}

function knownEnvironment(text: string | undefined) {
  if (text === "development" || text === "staging" || text === "production") return text;
  return undefined;
}
