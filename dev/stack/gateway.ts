import { preflightResponse, withCors } from "./cors.ts";
import { forwardedHeaders, withoutHopByHop } from "./forwarded-headers.ts";
import type { FunctionHost } from "./function-host.ts";
import type { Log } from "./log.ts";
import { afterMs } from "./process.ts";
import { isValidJwt } from "./verify-jwt.ts";

/** What stands behind the gateway. The gateway holds its port from the start; these come up later. */
export interface GatewayBackends {
  /** Auth and REST. */
  lite: { fetch(request: Request): Promise<Response> } | undefined;
  functions: Pick<FunctionHost, "has" | "portOf" | "verifiesJwt"> | undefined;
}

export interface GatewayOptions {
  port: number;
  jwtSecret: string;
  backends: GatewayBackends;
  log: Log;
}

export interface Gateway {
  readonly url: string;
  close(): Promise<void>;
}

const closeGraceMs = 1_000;

interface Caller {
  request: Request;
  url: URL;
  peer: string;
}

/** Serves hosted Supabase's paths on 127.0.0.1: `/auth/v1`, `/rest/v1` and `/functions/v1/<name>`. */
export function startGateway(options: GatewayOptions): Gateway {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: options.port, onListen: () => {} },
    (request, info) =>
      route({ request, url: new URL(request.url), peer: info.remoteAddr.hostname }, options),
  );
  return {
    url: `http://127.0.0.1:${options.port}`,
    async close() {
      // The port is free at once; a request that hangs must not keep the stack from stopping.
      await Promise.race([server.shutdown(), afterMs(closeGraceMs)]);
    },
  };
}

async function route(caller: Caller, options: GatewayOptions): Promise<Response> {
  const path = caller.url.pathname;
  try {
    if (path.startsWith("/auth/v1/") || path.startsWith("/rest/v1/")) {
      return await answerByLite(caller, options);
    }
    if (path.startsWith("/functions/v1/")) return await answerByFunction(caller, options);
  } catch (error) {
    options.log(`gateway: ${caller.request.method} ${path} failed: ${String(error)}`);
    return problem(502, "BAD_GATEWAY", "The service behind this path did not answer");
  }
  return problem(404, "NOT_FOUND", "The local stack has /auth/v1, /rest/v1 and /functions/v1");
}

async function answerByLite({ request, url, peer }: Caller, options: GatewayOptions) {
  if (request.method === "OPTIONS") return preflightResponse(request);
  const { lite } = options.backends;
  if (lite === undefined) return problem(503, "STARTING", "The database is still starting");
  const headers = forwardedHeaders(request.headers, {
    peer,
    host: request.headers.get("host") ?? url.host,
    port: options.port,
  });
  // From its parts: a request made from a request follows its abort signal, which Deno raises at every end.
  const { method, body } = request;
  return withCors(await lite.fetch(new Request(url, { method, headers, body })));
}

async function answerByFunction(caller: Caller, options: GatewayOptions): Promise<Response> {
  const { request, url, peer } = caller;
  // Hosted Supabase strips its own prefix: the function sees /<name>/….
  const rest = url.pathname.slice("/functions/v1".length);
  const name = rest.split("/")[1] ?? "";
  const { functions } = options.backends;
  if (functions === undefined || !functions.has(name)) {
    return problem(404, "NOT_FOUND", "Requested function was not found");
  }
  if (request.method !== "OPTIONS" && functions.verifiesJwt(name)) {
    const refusal = refuseWithoutJwt(request, options.jwtSecret);
    if (refusal !== undefined) return refusal;
  }
  const port = functions.portOf(name);
  if (port === undefined) {
    return problem(503, "BOOT_ERROR", "Function failed to start (please check logs)");
  }
  const headers = forwardedHeaders(request.headers, {
    peer,
    host: request.headers.get("host") ?? url.host,
    port: options.port,
  });
  // The gateway compresses for its own caller; a compressed answer here would be unpacked on the way.
  headers.set("accept-encoding", "identity");
  const response = await fetch(`http://127.0.0.1:${port}${rest}${url.search}`, {
    method: request.method,
    headers,
    body: request.body,
    redirect: "manual",
  });
  return new Response(response.body, {
    status: response.status,
    statusText: response.statusText,
    headers: withoutHopByHop(response.headers),
  });
}

function refuseWithoutJwt(request: Request, jwtSecret: string): Response | undefined {
  const authorization = request.headers.get("authorization");
  if (authorization === null) {
    return problem(401, "UNAUTHORIZED_NO_AUTH_HEADER", "Missing authorization header");
  }
  const token = /^Bearer (.+)$/i.exec(authorization)?.[1] ?? "";
  if (isValidJwt(token, jwtSecret, Date.now() / 1000)) return undefined;
  return problem(401, "UNAUTHORIZED_INVALID_JWT_FORMAT", "Invalid JWT");
}

/** The platform's shape for what it answers itself. */
function problem(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, {
    status,
    headers: { "access-control-allow-origin": "*", "sb-error-code": code },
  });
}
