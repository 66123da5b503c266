import { Hono } from "hono";
import { addControls } from "./controls/control-routes.ts";
import { TwinClock } from "./engine/clock.ts";
import { Ids, secureRandom, seededRandom } from "./engine/ids.ts";
import { type ApiServer, serveApi } from "./engine/serve-api.ts";
import { type FixedEndpoint, World } from "./engine/world.ts";
import { passTime } from "./actions/pass-time.ts";
import { addChallengePages } from "./pages/challenge-routes.ts";
import { addCheckoutPages } from "./pages/checkout-routes.ts";
import { addPortalPages } from "./pages/portal-routes.ts";
import { styleSheet } from "./pages/style.ts";
import { allEndpoints } from "./resources/all.ts";

/** How a twin is started. */
export interface TwinOptions {
  hostname?: "127.0.0.1";
  /** 0 takes a free port. */
  port: number;
  /** Keys that the API accepts, `sk_test_…` or `rk_test_…`. */
  apiKeys: string[];
  /** Where browsers reach the twin, if not at its own address. */
  publicUrl?: string;
  endpoints?: FixedEndpoint[];
  log?: (line: string) => void;
  /** Makes ids and faults repeatable. */
  seed?: number;
  /** The wall clock in milliseconds. */
  wallMilliseconds?: () => number;
}

/** A running twin. */
export interface Twin {
  url: string;
  /** Serves a request without the network. */
  fetch(request: Request): Promise<Response>;
  /** Replaces the endpoints that were given at the start. */
  setEndpoints(endpoints: FixedEndpoint[]): void;
  /** Resolves when no delivery is under way or waits for another attempt. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** How often the twin looks whether a session or subscription has reached its end. */
const sweepMilliseconds = 1_000;
const closeGraceMilliseconds = 1_000;

/** Starts a stand-in for Stripe on loopback. */
export async function startTwin(options: TwinOptions): Promise<Twin> {
  for (const key of options.apiKeys) {
    if (!/^[sr]k_test_\w+$/.test(key)) {
      throw new Error("The twin takes test mode keys only (sk_test_, rk_test_)");
    }
  }
  const log = options.log ?? (() => {});
  const random = options.seed === undefined ? secureRandom : seededRandom(options.seed);
  const world = new World(
    new TwinClock(options.wallMilliseconds ?? Date.now),
    new Ids(random),
    log,
  );
  world.setFixedEndpoints(options.endpoints ?? []);
  const closing = new AbortController();
  const app = buildApp({ world, keys: new Set(options.apiKeys), closing: closing.signal, log });
  const hostname = options.hostname ?? "127.0.0.1";
  const server = Deno.serve(
    { hostname, port: options.port, onListen: () => {} },
    (request) => app.fetch(request),
  );
  const url = `http://${hostname}:${server.addr.port}`;
  world.baseUrl = (options.publicUrl ?? url).replace(/\/$/, "");
  const sweep = setInterval(
    () => passTime(world.scope({ id: null, idempotencyKey: null })),
    sweepMilliseconds,
  );
  Deno.unrefTimer(sweep);
  return await Promise.resolve({
    url,
    fetch: (request) => Promise.resolve(app.fetch(request)),
    setEndpoints: (endpoints) => world.setFixedEndpoints(endpoints),
    idle: () => world.deliveries.idle(),
    async close() {
      clearInterval(sweep);
      closing.abort();
      world.deliveries.close();
      // the port is free at once; a client that hangs must not keep the twin from stopping
      const grace = new Promise((resolve) => setTimeout(resolve, closeGraceMilliseconds));
      await Promise.race([server.shutdown(), grace]);
    },
  });
}

function buildApp(server: ApiServer): Hono {
  const app = new Hono();
  // A page of another site may know the port: it must reach neither the API nor the controls under a name of its own.
  app.use("*", async (context, next) => {
    const { hostname } = new URL(context.req.url);
    const publicHost = new URL(server.world.baseUrl || "http://127.0.0.1").hostname;
    if (!["127.0.0.1", "localhost", publicHost].includes(hostname)) {
      return new Response("The Stripe twin answers on loopback only\n", { status: 421 });
    }
    return await next();
  });
  app.use(
    "/_twin/*",
    async (context, next) =>
      comesFromElsewhere(context.req.header("origin"))
        ? Response.json({
          error: { type: "invalid_request_error", message: "Not from another site" },
        }, { status: 403 })
        : await next(),
  );
  app.get("/assets/twin.css", () =>
    new Response(styleSheet, {
      headers: { "content-type": "text/css; charset=utf-8", "cache-control": "no-cache" },
    }));
  addControls(app, server.world);
  addCheckoutPages(app, server.world);
  addChallengePages(app, server.world);
  addPortalPages(app, server.world);
  for (const endpoint of allEndpoints(server.world)) {
    app.on(
      endpoint.method,
      endpoint.path,
      (context) =>
        serveApi(server, endpoint, context.req.raw, (name) => context.req.param(name) ?? ""),
    );
  }
  app.all("/v1/*", (context) => serveApi(server, undefined, context.req.raw, () => ""));
  app.notFound(() => new Response("Not found\n", { status: 404 }));
  return app;
}

/** Whether a browser sent the request from a page that is not on this machine. */
function comesFromElsewhere(origin: string | undefined): boolean {
  if (origin === undefined) return false;
  return !URL.canParse(origin) || !["127.0.0.1", "localhost"].includes(new URL(origin).hostname);
}
