/** A proxy in front of the gateway that remembers what was asked, to count round trips. */
export interface CountingProxy {
  url: string;
  /** Method and path of each request since the last `clear`. */
  requests: string[];
  clear(): void;
  close(): Promise<void>;
}

/** `answer` may take a request over, or name another path to ask; without it everything goes to `target`. */
export function startCountingProxy(
  target: string,
  answer: (request: Request) => Response | string | null = () => null,
): CountingProxy {
  const requests: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      requests.push(`${request.method} ${pathname}`);
      const taken = answer(request);
      if (taken instanceof Response) return taken;
      const body = request.body === null ? null : await request.arrayBuffer();
      const headers = new Headers(request.headers);
      headers.delete("host");
      return await fetch(`${target}${taken ?? `${pathname}${search}`}`, {
        method: request.method,
        headers,
        body,
      });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    requests,
    clear: () => void requests.splice(0),
    close: () => server.shutdown(),
  };
}
