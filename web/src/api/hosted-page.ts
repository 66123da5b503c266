import * as z from "zod/mini";
import { isLoopback } from "../settings/read-settings.ts";

const answerSchema = z.object({ url: z.string() });

/**
 * Reads the address of a hosted page from a function's answer. Only https, or this very machine:
 * whatever else an answer may hold (`javascript:`), the browser is not sent there.
 */
export function hostedPageOf(answer: unknown): URL | undefined {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success || !URL.canParse(parsed.data.url)) return undefined;
  const url = new URL(parsed.data.url);
  if (url.protocol === "https:") return url;
  return url.protocol === "http:" && isLoopback(url.hostname) ? url : undefined;
}
