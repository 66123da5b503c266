const encoder = new TextEncoder();

/**
 * Stripe's signature header: HMAC-SHA256 of `<t>.<body>` with the endpoint's secret, one `v1` for each secret.
 *
 * @see https://docs.stripe.com/webhooks#verify-manually
 */
export async function signDelivery(
  body: string,
  secrets: readonly string[],
  unixSeconds: number,
): Promise<string> {
  const signatures = await Promise.all(
    secrets.map(async (secret) => `v1=${await hmacHex(secret, `${unixSeconds}.${body}`)}`),
  );
  return [`t=${unixSeconds}`, ...signatures].join(",");
}

async function hmacHex(secret: string, message: string): Promise<string> {
  const key = await crypto.subtle.importKey(
    "raw",
    encoder.encode(secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    [
      "sign",
    ],
  );
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(message));
  return [...new Uint8Array(signature)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
