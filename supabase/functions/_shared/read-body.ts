import { PaymentError } from "./errors.ts";

/**
 * The body as raw bytes, at most `maxBytes`, whatever Content-Length says or however it is chunked.
 *
 * @throws PaymentError payload_too_large; bad_request when the stream breaks off
 */
export async function readBody(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > maxBytes) throw new PaymentError("payload_too_large");
  if (request.body === null) return new Uint8Array();

  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.byteLength;
      if (length > maxBytes) {
        await reader.cancel();
        throw new PaymentError("payload_too_large");
      }
      chunks.push(value);
    }
  } catch (error) {
    if (error instanceof PaymentError) throw error;
    throw new PaymentError("bad_request", { detail: "the body broke off", cause: error });
  }

  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}
