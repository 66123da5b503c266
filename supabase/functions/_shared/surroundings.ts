import { z } from "zod";
import { runInBackground } from "./background.ts";
import {
  type Config,
  ConfigError,
  type EnvSource,
  type FunctionName,
  loadConfig,
} from "./config.ts";
import { createRpc } from "./database.ts";
import type { Surroundings } from "./endpoint.ts";
import { fingerprint } from "./hex.ts";
import { createLog } from "./log.ts";
import { createOperationRecorder, type Operation } from "./operations.ts";

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
      record: createRecorder(name, config),
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

/** Writes how requests ended, as the function's own role, in the background. */
function createRecorder(name: FunctionName, config: Config): (operation: Operation) => void {
  const rpc = createRpc(config);
  const keyFingerprint = fingerprint(config.databaseKey);
  const log = createLog(console.log, () => new Date(), { function_name: name });
  return createOperationRecorder({
    write: async ({ records, counts }) => {
      await rpc("record_operations", {
        p_records: records,
        p_counts: counts,
        p_key_fingerprint: await keyFingerprint,
      }, z.null());
    },
    lost: (requests) => log("warn", "operations lost", { failed: requests }),
    later: (run, afterMs) =>
      runInBackground(new Promise((resolve) => setTimeout(resolve, afterMs)).then(run)),
  });
}

function knownEnvironment(text: string | undefined) {
  if (text === "development" || text === "staging" || text === "production") return text;
  return undefined;
}
