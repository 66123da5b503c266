/**
 * Signs messages per Standard Webhooks: HMAC-SHA256 of `id.timestamp.body`, base64, scheme v1.
 *
 * @param secret `whsec_` and base64
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function createMessageSigner(
  secret: string,
): (id: string, timestamp: number, body: string) => Promise<string> {
  const raw = Uint8Array.fromBase64(secret.slice("whsec_".length));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = crypto.subtle.importKey("raw", raw, algorithm, false, ["sign"]);
  return async (id, timestamp, body) => {
    const message = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
    const signature = await crypto.subtle.sign("HMAC", await key, message);
    return `v1,${new Uint8Array(signature).toBase64()}`;
  };
}
