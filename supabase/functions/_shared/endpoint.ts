import { ConfigError, type Environment } from "./config.ts";
import { describeCause } from "./describe-cause.ts";
import { PaymentError } from "./errors.ts";
import { corsHeaders, SECURITY_HEADERS } from "./headers.ts";
import { createLog, type Log, withFields } from "./log.ts";
import type { Operation, OutcomeCode } from "./operations.ts";
import { readBody } from "./read-body.ts";
import { type Answer, problem } from "./respond.ts";

/** What a handler gets to see of a request. */
export interface EndpointRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly requestId: string;
  readonly log: Log;
}

/** A function's surroundings, read once. `environment` alone is usable when the rest is refused. */
export interface Surroundings<D> {
  environment: Environment | undefined;
  allowedOrigins: readonly string[];
  /** The dependencies, or why they could not be made. */
  dependencies: D | ConfigError;
  /** Takes how each request ended; absent where there is no database to tell. It must not throw or wait. */
  record?: (operation: Operation) => void;
}

export interface EndpointSpec<D> {
  name: string;
  methods: readonly ("GET" | "POST")[];
  /** Paths below the function's own that it answers; "" is its own, and the only one by default. */
  paths?: readonly string[];
  /** Paths below the function's own that are read with GET, and with nothing else. */
  readPaths?: readonly string[];
  maxBodyBytes: number;
  /** Whether browsers call it: CORS is answered for allowed origins. */
  browser: boolean;
  surroundings: Surroundings<D>;
  handle: (request: EndpointRequest, dependencies: D) => Promise<Answer>;
  now?: () => number;
  writeLog?: (line: string) => void;
}

/**
 * Wraps a handler in everything every request needs: request id, CORS, method, protocol, size and
 * type limits, configuration, error translation, headers, one log line. When several refusals apply,
 * the order of the checks below decides which is told.
 */
export function endpoint<D>(spec: EndpointSpec<D>): (request: Request) => Promise<Response> {
  const now = spec.now ?? Date.now;
  const baseLog = createLog(spec.writeLog ?? console.log, () => new Date(now()), {
    function_name: spec.name,
  });

  return async (request) => {
    const startedAt = now();
    const requestId = crypto.randomUUID(); // a caller's own X-Request-Id is never echoed
    const log = withFields(baseLog, { request_id: requestId, method: request.method });
    const isPreflight = request.method === "OPTIONS";

    let answer: Answer;
    let code: OutcomeCode = isPreflight && spec.browser ? "preflight" : "ok";
    try {
      answer = isPreflight && spec.browser
        ? { status: 204, headers: {}, body: null }
        : await run(spec, request, requestId, log);
    } catch (thrown) {
      answer = answerToError(thrown, requestId, log);
      code = thrown instanceof PaymentError ? thrown.code : "unavailable";
    }
    const cors = spec.browser
      ? corsHeaders(request.headers.get("origin"), spec.surroundings.allowedOrigins, isPreflight)
      : {};
    const durationMs = Math.max(0, now() - startedAt);
    log("info", "request", { status: answer.status, code, duration_ms: durationMs });
    spec.surroundings.record?.({ requestId, code, durationMs, at: startedAt });
    return new Response(answer.body, {
      status: answer.status,
      headers: { ...cors, ...answer.headers, ...SECURITY_HEADERS, "X-Request-Id": requestId },
    });
  };
}

async function run<D>(
  spec: EndpointSpec<D>,
  request: Request,
  requestId: string,
  log: Log,
): Promise<Answer> {
  const path = pathBelow(spec.name, request.url);
  const methods = methodsAt(spec, path);
  if (methods === undefined) throw new PaymentError("not_found");
  if (!methods.some((method) => method === request.method)) {
    throw new PaymentError("method_not_allowed", {
      headers: { Allow: [...methods, ...(spec.browser ? ["OPTIONS"] : [])].join(", ") },
    });
  }
  requireHttps(request, spec.surroundings.environment);
  const body = await readBody(request, spec.maxBodyBytes);
  if (request.method === "POST") requireJson(request);
  const { dependencies } = spec.surroundings;
  if (dependencies instanceof ConfigError) {
    throw new PaymentError("misconfigured", {
      detail: dependencies.reasons.join("; "),
      headers: { "Retry-After": "60" },
    });
  }
  const { method, headers } = request;
  const handled = { method, path, headers, body, requestId, log };
  return await spec.handle(handled, dependencies);
}

function methodsAt<D>(
  { methods, paths = [""], readPaths = [] }: EndpointSpec<D>,
  path: string,
): readonly string[] | undefined {
  if (readPaths.includes(path)) return ["GET"];
  return paths.includes(path) ? methods : undefined;
}

/** What follows the function's name; the platform passes `/name/…`, a server of its own `/…`. */
function pathBelow(name: string, url: string): string {
  const own = new RegExp(`^(?:/functions/v1)?/${name}(?=/|$)`);
  return new URL(url).pathname.replace(own, "").replace(/^\/|\/$/g, "");
}

/** A protocol other than https is refused, never redirected: the first request already leaked. */
function requireHttps(request: Request, environment: Environment | undefined): void {
  if (environment === undefined || environment === "development") return;
  const forwarded = request.headers.get("x-forwarded-proto");
  if (forwarded === null) return;
  const protocols = forwarded.split(",").map((part) => part.trim().toLowerCase());
  if (protocols.some((protocol) => protocol !== "https")) throw new PaymentError("https_required");
}

function requireJson(request: Request): void {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json(?:\s*;\s*charset=["']?utf-8["']?)?\s*$/i.test(type)) {
    throw new PaymentError("unsupported_media_type");
  }
}

/** The last resort: whatever was thrown, `null` included, becomes a problem without details. */
function answerToError(thrown: unknown, requestId: string, log: Log): Answer {
  if (thrown instanceof PaymentError) {
    const level = thrown.status >= 500 ? "error" : "warn";
    log(level, "refused", {
      code: thrown.code,
      ...describeCause(thrown.cause),
      ...detailOf(thrown),
    });
    return problem(thrown, requestId);
  }
  log("error", "unexpected", { code: "unavailable", ...describeCause(thrown) });
  return problem(new PaymentError("unavailable", { headers: { "Retry-After": "5" } }), requestId);
}

function detailOf(error: PaymentError): { detail?: string } {
  return error.detail === undefined ? {} : { detail: error.detail };
}
