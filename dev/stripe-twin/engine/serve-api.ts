import { type AnswerFrame, errorText, textAnswer } from "./api-answer.ts";
import { authenticate } from "./authenticate.ts";
import type { Endpoint, PathParts } from "./endpoint.ts";
import { invalidRequest, TwinError } from "./errors.ts";
import { expandAnswer } from "./expand.ts";
import type { ApiFaultKind } from "./faults.ts";
import { isRecord, parseForm } from "./form-params.ts";
import { includeOnRequest } from "./include-on-request.ts";
import { apiVersion, type World } from "./world.ts";

const holdMilliseconds = 100_000;
const latencyMilliseconds = 3;

/** What serving the API needs from the server. */
export interface ApiServer {
  world: World;
  keys: ReadonlySet<string>;
  /** Aborts when the twin closes, so that held requests end. */
  closing: AbortSignal;
  log(line: string): void;
}

/** Serves one API request: fault, key, parameters, idempotency, the endpoint itself, expansion. */
export async function serveApi(
  server: ApiServer,
  endpoint: Endpoint | undefined,
  request: Request,
  path: PathParts,
): Promise<Response> {
  const { world } = server;
  const url = new URL(request.url);
  const frame: AnswerFrame = {
    requestId: world.ids.make("req", 14),
    date: world.clock.now(),
    apiVersion: request.headers.get("stripe-version") ?? apiVersion,
    idempotencyKey: request.method === "POST"
      ? request.headers.get("idempotency-key") ?? undefined
      : undefined,
  };
  const fault = world.faults.forRequest(request.method, url.pathname);
  if (fault === "timeout") return await hold(server);
  const response = await answer(server, endpoint, request, path, frame, fault);
  server.log(
    `${request.method} ${url.pathname} ${response.status} ${frame.requestId}${
      fault ? ` fault ${fault}` : ""
    }`,
  );
  if (fault === "timeout_after") return await hold(server);
  if (fault === "garbage") {
    return spoil(response, (await response.text()).slice(0, 40) + "\u0000<!", "application/json");
  }
  if (fault === "content_type") {
    return spoil(response, await response.text(), "text/html; charset=utf-8");
  }
  return response;
}

async function answer(
  server: ApiServer,
  endpoint: Endpoint | undefined,
  request: Request,
  path: PathParts,
  frame: AnswerFrame,
  fault: ApiFaultKind | undefined,
): Promise<Response> {
  try {
    const key = authenticate(request.headers.get("authorization"), server.keys);
    if (fault === "429") {
      throw new TwinError(429, {
        type: "invalid_request_error",
        code: "rate_limit",
        message:
          "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
      });
    }
    if (endpoint === undefined) {
      const { pathname } = new URL(request.url);
      throw invalidRequest(
        `Unrecognized request URL (${request.method}: ${pathname}). The Stripe twin does not serve it, or it does not exist.`,
        { status: 404 },
      );
    }
    const form = await readForm(request);
    return await runOnce(server.world, endpoint, { form, path, frame, fault, key, request });
  } catch (error) {
    return refusal(frame, error);
  }
}

interface Run {
  form: string;
  path: PathParts;
  frame: AnswerFrame;
  fault: ApiFaultKind | undefined;
  key: string;
  request: Request;
}

/** Runs the request, or answers from what its idempotency key saved. */
async function runOnce(world: World, endpoint: Endpoint, run: Run): Promise<Response> {
  const { frame } = run;
  const { idempotencyKey } = frame;
  if (idempotencyKey === undefined) {
    const { status, body } = execute(world, endpoint, run);
    return textAnswer(frame, status, body);
  }
  // Keys belong to an API key, and a request is its method, path and parameters.
  const slot = `${run.key} ${idempotencyKey}`;
  const fingerprint = `${run.request.method} ${new URL(run.request.url).pathname}\n${run.form}`;
  const saved = world.idempotency.begin(slot, fingerprint, world.clock.now());
  if (saved !== undefined) {
    return textAnswer(frame, saved.status, saved.body, {
      "idempotent-replayed": "true",
      "original-request": saved.requestId,
    });
  }
  // Stripe takes a while, during which the key is in use; without this a second request could never find it so.
  await new Promise((resolve) => setTimeout(resolve, latencyMilliseconds));
  const { status, body, began } = execute(world, endpoint, run);
  if (began) world.idempotency.save(slot, { status, body, requestId: frame.requestId });
  else world.idempotency.release(slot);
  return textAnswer(frame, status, body);
}

/** Status and body of a request; `began` is false when its parameters were refused before it ran. */
function execute(
  world: World,
  endpoint: Endpoint,
  run: Run,
): { status: number; body: string; began: boolean } {
  let began = false;
  try {
    const { expand, ...input } = parseForm(run.form);
    const paths = readExpand(expand);
    const scope = world.scope({
      id: run.frame.requestId,
      idempotencyKey: run.frame.idempotencyKey ?? null,
    });
    const handle = endpoint.prepare(scope, input, run.path);
    began = true;
    if (run.fault === "500") throw internalError();
    const result = expandAnswer(handle(), paths, {
      find: (id) => world.store.find(id),
      include: (owner, field) => includeOnRequest(world.store, owner, field),
    });
    return { status: 200, body: JSON.stringify(result, null, 2), began };
  } catch (error) {
    const { status, body } = toTwinError(error);
    return { status, body: errorText(body), began };
  }
}

function readExpand(expand: unknown): string[] {
  if (expand === undefined) return [];
  const list: unknown[] = Array.isArray(expand)
    ? expand
    : isRecord(expand)
    ? Object.values(expand)
    : [expand];
  return list.map((item) => {
    if (typeof item !== "string") throw invalidRequest("Invalid array", { param: "expand" });
    return item;
  });
}

async function readForm(request: Request): Promise<string> {
  const { search } = new URL(request.url);
  const query = search.slice(1);
  if (request.method === "GET") return query;
  const body = await request.text();
  const contentType = request.headers.get("content-type") ?? "";
  if (body !== "" && !contentType.startsWith("application/x-www-form-urlencoded")) {
    throw invalidRequest(
      `Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have questions, we can help at https://support.stripe.com/.`,
      { status: 400 },
    );
  }
  return [query, body].filter((part) => part !== "").join("&");
}

function internalError(): TwinError {
  return new TwinError(500, {
    type: "api_error",
    message: "An unknown error occurred",
  });
}

/** An error of the twin itself is a 500 whose cause the log shows. */
function toTwinError(error: unknown): TwinError {
  if (error instanceof TwinError) return error;
  console.error("The Stripe twin failed", error);
  return internalError();
}

function refusal(frame: AnswerFrame, error: unknown): Response {
  const { status, body } = toTwinError(error);
  const extra: Record<string, string> = status === 401
    ? { "www-authenticate": 'Bearer realm="Stripe"' }
    : {};
  return textAnswer(frame, status, errorText(body), extra);
}

/** Leaves the client waiting until it gives up. */
async function hold(server: ApiServer): Promise<Response> {
  // Not the request's own signal: it would end nothing that matters, and Deno warns about listening to it.
  if (!server.closing.aborted) {
    await new Promise<void>((resolve) => {
      // a timer of its own, which closing clears: AbortSignal.timeout would keep the process alive
      const timer = setTimeout(resolve, holdMilliseconds);
      server.closing.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      }, { once: true });
    });
  }
  return new Response(null, { status: 504 });
}

function spoil(response: Response, body: string, contentType: string): Response {
  const headers = new Headers(response.headers);
  headers.set("content-type", contentType);
  return new Response(body, { status: response.status, headers });
}
