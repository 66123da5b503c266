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
  /** Answers every call of the database like this, instead of the database; null ends it. */
  answerInstead(answer: (() => Response) | null): void;
  close(): Promise<void>;
}

export function startKillProxy(): KillProxy {
  let target = "";
  let kill: (name: string) => Promise<void> = () => Promise.resolve();
  const closing = new AbortController();
  let instead: (() => Response) | null = null;
  let armed: { point: KillPoint; done: () => void } | null = null;

  const forward = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.delete("host");
    const body = request.body === null ? null : await request.arrayBuffer();
    return await fetch(`${target}${pathname}${search}`, {
      method: request.method,
      headers,
      body,
      signal: closing.signal,
    });
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const rpc = new URL(request.url).pathname.split("/rpc/")[1];
      if (instead !== null && rpc !== undefined) return instead();
      const hit = armed !== null && armed.point.rpc === rpc ? armed : null;
      if (hit !== null) {
        armed = null; // one death for one call, however many come at once
        // an empty claim is no claim: the process lives on and waits for the real one
        const answer = hit.point.moment === "after" ? await forward(request) : null;
        const text = answer === null ? "" : await answer.text();
        if (text !== "[]" && text !== '{"due": false}' && text !== '{"due":false}') {
          armed = null;
          await kill(hit.point.victim);
          hit.done();
          return new Response(null, { status: 502 });
        }
        armed ??= hit;
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
    answerInstead: (answer) => void (instead = answer),
    async close() {
      closing.abort();
      // a caller that was killed may have left its request behind
      await Promise.race([server.shutdown(), new Promise((resolve) => setTimeout(resolve, 500))]);
    },
  };
}
