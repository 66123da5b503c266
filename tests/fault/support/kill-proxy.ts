// Stands between the functions and the gateway, and kills a function at the very moment that is asked for.

/** Before: the call never arrives. After: it commits, and nobody learns of it. */
export type Moment = "before" | "after";

/** A call of the database at which a process is to die. */
export interface KillPoint {
  rpc: string;
  moment: Moment;
  /** The function whose process dies. */
  victim: "stripe-webhook" | "payments-worker";
}

export interface KillProxy {
  url: string;
  setTarget(url: string, kill: (name: string) => Promise<void>): void;
  /** Dies at the next call of this kind; resolves when it has. */
  arm(point: KillPoint): Promise<void>;
  close(): Promise<void>;
}

export function startKillProxy(): KillProxy {
  let target = "";
  let kill: (name: string) => Promise<void> = () => Promise.resolve();
  let armed: { point: KillPoint; done: () => void } | null = null;

  const forward = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.delete("host");
    const body = request.body === null ? null : await request.arrayBuffer();
    return await fetch(`${target}${pathname}${search}`, { method: request.method, headers, body });
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const rpc = new URL(request.url).pathname.split("/rpc/")[1];
      const hit = armed !== null && armed.point.rpc === rpc ? armed : null;
      if (hit !== null) {
        // an empty claim is no claim: the process lives on and waits for the real one
        const answer = hit.point.moment === "after" ? await forward(request) : null;
        const text = answer === null ? "" : await answer.text();
        if (text !== "[]" && text !== '{"due": false}' && text !== '{"due":false}') {
          armed = null;
          await kill(hit.point.victim);
          hit.done();
          return new Response(null, { status: 502 });
        }
        return new Response(text, {
          status: answer?.status ?? 200,
          headers: answer?.headers ?? {},
        });
      }
      try {
        return await forward(request);
      } catch {
        return new Response(null, { status: 502 });
      }
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    setTarget(url, how) {
      target = url;
      kill = how;
    },
    arm: (point) => new Promise((done) => armed = { point, done }),
    close: () => server.shutdown(),
  };
}
