import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Config } from "../_shared/config.ts";
import type { UnanchoredHead } from "./audit-store.ts";
import { signS3 } from "./sign-s3.ts";

const TIMEOUT_MS = 10_000;
/** As long as the audit log itself is kept by default (requirement 8.1c). */
const LOCK_DAYS = 400;
const DAY_MS = 86_400_000;

/** A place outside of the database. */
export interface Anchor {
  /** Without credentials; for the list of what is anchored where. */
  readonly target: string;
  /** Null: written. "conflict": another head of that number is there. Otherwise why not, in a word. */
  write(head: UnanchoredHead): Promise<string | null>;
}

export interface AnchorDependencies {
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The anchor that the configuration names; null where it names none. */
export function createAnchor(
  { anchorUrl, anchorCredentials }: Pick<Config, "anchorUrl" | "anchorCredentials">,
  deps: AnchorDependencies,
): Anchor | null {
  if (anchorUrl === "") return null;
  if (!anchorUrl.startsWith("s3+")) return webhookAnchor(new URL(anchorUrl), deps);
  const url = new URL(anchorUrl.slice("s3+".length));
  const [accessKeyId = "", secretAccessKey = ""] = anchorCredentials.split(":");
  return bucketAnchor(url, { accessKeyId, secretAccessKey }, deps);
}

/** One line of JSON: what a file of heads for `payments audit verify --anchor` holds, too. */
export function headLine({ statement, signature }: UnanchoredHead): string {
  return `${JSON.stringify({ statement, signature })}\n`;
}

/** The head is signed itself, so the message needs no signature of its own. */
function webhookAnchor(url: URL, { fetch }: AnchorDependencies): Anchor {
  return {
    target: `${url.origin}${url.pathname}`,
    write: (head) =>
      attempt(async () => {
        const response = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: headLine(head),
          redirect: "error",
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        await response.body?.cancel();
        if (response.ok) return null;
        return response.status === 409 ? "conflict" : `status_${response.status}`;
      }),
  };
}

/**
 * An object for each head, written only where there is none, and locked against deletion by anybody
 * until its time is up.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
 */
function bucketAnchor(
  bucket: URL,
  credentials: { accessKeyId: string; secretAccessKey: string },
  deps: AnchorDependencies,
): Anchor {
  const region = bucket.searchParams.get("region") ?? "";
  const folder = `${bucket.origin}${bucket.pathname.replace(/\/$/, "")}`;
  const send = (method: "GET" | "PUT", url: URL, headers: Record<string, string>, body: string) => {
    const now = deps.now();
    return deps.fetch(url, {
      method,
      headers: signS3({ method, url, region, headers, body, now }, credentials),
      ...(method === "PUT" ? { body } : {}),
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  };
  return {
    target: `s3+${folder}`,
    write: (head) =>
      attempt(async () => {
        const url = new URL(`${folder}/${objectName(head)}`);
        const body = headLine(head);
        const response = await send("PUT", url, lockHeaders(body, deps.now()), body);
        await response.body?.cancel();
        if (response.ok) return null;
        if (response.status !== 412) return `status_${response.status}`;
        // it is there already: ours, when an answer was lost, or another history's
        const there = await send("GET", url, {}, "");
        const text = await there.text();
        if (!there.ok) return `status_${there.status}`;
        return text === body ? null : "conflict";
      }),
  };
}

function objectName({ epoch, number }: UnanchoredHead): string {
  return `${String(epoch).padStart(6, "0")}-${String(number).padStart(12, "0")}.json`;
}

function lockHeaders(body: string, now: number): Record<string, string> {
  return {
    "content-type": "application/json",
    "if-none-match": "*",
    "x-amz-checksum-sha256": Buffer.from(createHash("sha256").update(body).digest())
      .toString("base64"),
    "x-amz-object-lock-mode": "COMPLIANCE",
    "x-amz-object-lock-retain-until-date": new Date(now + LOCK_DAYS * DAY_MS).toISOString(),
  };
}

async function attempt(write: () => Promise<string | null>): Promise<string | null> {
  try {
    return await write();
  } catch (error) {
    return error instanceof Error ? error.name : "unknown";
  }
}
