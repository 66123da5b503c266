import type { z } from "zod";
import { readParams } from "./form-params.ts";
import type { Scope } from "./scope.ts";

type Method = "DELETE" | "GET" | "POST";

interface EndpointDefinition<Schema extends z.ZodType> {
  method: Method;
  /** Path below the server's root, with `:id` for parts that vary. */
  path: string;
  /** Strict schema of the parameters; what it does not name is refused. */
  params: Schema;
  /** Runs without waiting for anything, so that a request is one step. */
  handle(scope: Scope, params: z.output<Schema>, path: PathParts): object;
}

/** The varying parts of a path. */
export type PathParts = (name: string) => string;

/** An endpoint with its parameter type closed over. */
export interface Endpoint {
  method: Method;
  path: string;
  /** Parses the parameters (a refusal is thrown here) and returns what runs the request. */
  prepare(scope: Scope, input: unknown, path: PathParts): () => object;
}

/** Defines one endpoint of the API. */
export function endpoint<Schema extends z.ZodType>(
  definition: EndpointDefinition<Schema>,
): Endpoint {
  const { method, path, params, handle } = definition;
  return {
    method,
    path,
    prepare(scope, input, parts) {
      const parsed = readParams(params, input);
      return () => handle(scope, parsed, parts);
    },
  };
}
