// A proxy that a test steps into while it runs: hold one request, refuse another, let the rest pass.

/** Sends a request on to what the proxy stands for. */
export type Forward = () => Promise<Response>;
/** What becomes of a request. */
export type Intercept = (request: Request, forward: Forward) => Promise<Response> | Response;

export interface Interceptor {
  readonly url: string;
  /** `host:port`, for a function's network permission. */
  readonly host: string;
  /** From now on; without an argument everything passes. */
  use(intercept?: Intercept): void;
  close(): Promise<void>;
}

const pass: Intercept = (_request, forward) => forward();

/** Starts a proxy in front of `target` on a free port. */
export function startInterceptor(target: string): Interceptor {
  let current = pass;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => current(request, () => forward(target, request)),
  );
  const host = `127.0.0.1:${server.addr.port}`;
  return {
    url: `http://${host}`,
    host,
    use: (intercept = pass) => void (current = intercept),
    close: () => server.shutdown(),
  };
}

async function forward(target: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  headers.delete("host");
  const body = request.body === null ? null : await request.arrayBuffer();
  const answer = await fetch(`${target}${pathname}${search}`, {
    method: request.method,
    headers,
    body,
  });
  const bytes = await answer.arrayBuffer();
  return new Response(bytes.byteLength === 0 ? null : bytes, { // a 204 must have none
    status: answer.status,
    headers: answer.headers,
  });
}

/** Method and path of a request, to recognise it by. */
export function callOf(request: Request): string {
  return `${request.method} ${new URL(request.url).pathname}`;
}

/** An answer with Stripe's error object. The SDK's own retries would only cost a test its time. */
export function stripeError(status: number, type: string, code?: string): Response {
  return Response.json({ error: { type, message: "refused by a test", code } }, {
    status,
    headers: { "stripe-should-retry": "false" },
  });
}

/** A door that requests wait at until a test opens it. */
export interface Gate {
  /** Resolves when the first request has come to the gate. */
  readonly reached: Promise<void>;
  /** What a request does: it says that it is here, and waits. */
  pass(): Promise<void>;
  open(): void;
}

/** A closed gate. */
export function closedGate(): Gate {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    pass: () => {
      reached.resolve();
      return opened.promise;
    },
    open: () => opened.resolve(),
  };
}
