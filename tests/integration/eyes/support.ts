// Where alerts are posted to in a test, and a worker that posts them there.
import { functionEnv, runFunction, type RunningFunction } from "../../support/run-function.ts";

export interface AlertSink {
  received: { headers: Record<string, string>; body: string }[];
  /** What it says to each delivery. */
  answer: () => Response;
  secret: string;
  worker: RunningFunction;
  stop(): Promise<void>;
}

export async function startAlertSink(): Promise<AlertSink> {
  const secret = `whsec_${crypto.getRandomValues(new Uint8Array(32)).toBase64()}`;
  const received: AlertSink["received"] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      received.push({
        headers: Object.fromEntries(request.headers),
        body: await request.text(),
      });
      return sink.answer();
    },
  );
  const host = `127.0.0.1:${server.addr.port}`;
  const env = functionEnv({
    PAYMENTS_ALERT_URL: `http://${host}/alerts`,
    PAYMENTS_ALERT_SECRET: secret,
  });
  const worker = await runFunction("payments-worker", env, [
    host,
    new URL(env["SUPABASE_URL"] ?? "").host,
    new URL(env["STRIPE_API_BASE"] ?? "").host,
  ]);
  const sink: AlertSink = {
    received,
    answer: () => new Response(null, { status: 204 }),
    secret,
    worker,
    async stop() {
      await worker.stop();
      await server.shutdown();
    },
  };
  return sink;
}
