import { PaymentError } from "./errors.ts";

const MAX_DEPTH = 32;

/**
 * Parses bytes as strict UTF-8 JSON of bounded depth.
 *
 * @throws PaymentError bad_request
 */
export function parseJson(bytes: Uint8Array, maxDepth = MAX_DEPTH): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new PaymentError("bad_request", { detail: "the body is not UTF-8", cause: error });
  }
  assertDepth(text, maxDepth);
  try {
    return JSON.parse(text);
  } catch {
    // no cause: the parser's message quotes the input
    throw new PaymentError("bad_request", { detail: "the body is not JSON" });
  }
}

/** Counts brackets outside strings before parsing, so that a deep document is never built. */
function assertDepth(text: string, maxDepth: number): void {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (inString) {
      if (char === "\\") index++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === "{" || char === "[") {
      if (++depth > maxDepth) {
        throw new PaymentError("bad_request", { detail: "the body is nested too deeply" });
      }
    } else if (char === "}" || char === "]") depth--;
  }
}
