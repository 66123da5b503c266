// The host application: takes domain events, verifies them by the letter of Standard Webhooks, may be down.
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";

export interface HostSink {
  url: string;
  secret: string;
  /** How often each domain event was taken, by webhook-id. */
  taken: Map<string, number>;
  /** What was wrong with messages that were refused. */
  faults: string[];
  setDown(isDown: boolean): void;
  close(): Promise<void>;
}

const TOLERANCE_SECONDS = 300;

export function startHostSink(): HostSink {
  const key = crypto.getRandomValues(new Uint8Array(24));
  const taken = new Map<string, number>();
  const faults: string[] = [];
  let isDown = false;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const body = await request.text();
      if (isDown) return new Response(null, { status: 503 });
      const fault = findFault(request.headers, body, key);
      if (fault !== null) {
        faults.push(fault);
        return new Response(null, { status: 400 });
      }
      const id = request.headers.get("webhook-id") ?? "";
      taken.set(id, (taken.get(id) ?? 0) + 1);
      return new Response(null, { status: 204 });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/hook`,
    secret: `whsec_${Buffer.from(key).toString("base64")}`,
    taken,
    faults,
    setDown: (down) => void (isDown = down),
    close: () => server.shutdown(),
  };
}

/** @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function findFault(headers: Headers, body: string, key: Uint8Array): string | null {
  const id = headers.get("webhook-id") ?? "";
  const timestamp = headers.get("webhook-timestamp") ?? "";
  if (!/^\d+$/.test(timestamp)) return "no timestamp";
  if (Math.abs(Number(timestamp) - Date.now() / 1000) > TOLERANCE_SECONDS) return "too old";
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  const signed = (headers.get("webhook-signature") ?? "").split(" ").some((signature) => {
    const [scheme, value = ""] = signature.split(",");
    const given = Buffer.from(value, "base64");
    return scheme === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
  });
  return signed ? null : "bad signature";
}
