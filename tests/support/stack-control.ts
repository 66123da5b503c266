import type { Stack } from "../../dev/stack/start-stack.ts";

/** Lets test processes reach into the process that runs the stack. */
export interface StackControl {
  /** With a random path in it, so that nothing else on the machine finds it by its port. */
  readonly url: string;
  close(): Promise<void>;
}

/** `GET /logs/<function>`, `POST /kill/<function>`, `/restart/<function>`, `/idle`, `/restart-postgres/<mode>`. */
export function startStackControl(stack: Stack): StackControl {
  const secret = crypto.randomUUID();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const [, given, action, argument = ""] = new URL(request.url).pathname.split("/");
      if (given !== secret) return new Response(null, { status: 404 });
      try {
        return Response.json(await act(stack, action ?? "", argument) ?? null);
      } catch (error) {
        return Response.json({ error: String(error) }, { status: 500 });
      }
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/${secret}`,
    close: () => server.shutdown(),
  };
}

function act(stack: Stack, action: string, argument: string): unknown {
  switch (action) {
    case "logs":
      return stack.functions.logs(argument);
    case "kill":
      return stack.functions.kill(argument);
    case "restart":
      return stack.functions.restart(argument);
    case "idle":
      return stack.twin.idle();
    case "restart-postgres":
      if (argument === "fast" || argument === "immediate" || argument === "kill") {
        return stack.postgres.restart(argument);
      }
  }
  throw new Error(`There is no action ${action}/${argument}`);
}
