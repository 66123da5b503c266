import * as z from "zod/mini";
import type { Failure } from "./failure.ts";

const problemSchema = z.object({
  code: z.string(),
  request_id: z.optional(z.string()),
});

/** Turns a refusal (`application/problem+json`, RFC 9457) into a failure; never throws. */
export async function readProblem(response: Response): Promise<Failure> {
  const problem = problemSchema.safeParse(await jsonOf(response));
  const requestId = problem.data?.request_id ?? response.headers.get("x-request-id");
  const retryAfterSeconds = readRetryAfter(response.headers.get("retry-after"));
  return {
    code: problem.data?.code ?? `http_${response.status}`,
    status: response.status,
    ...(requestId === null ? {} : { requestId }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
}

/** Reads `Retry-After` in seconds (RFC 9110 also allows a date; ours never sends one). */
export function readRetryAfter(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}
