/**
 * True when the request carries exactly this secret key in `apikey`. `Authorization` is ignored: a
 * gateway may inject one. Both are hashed first, so that the comparison takes the same time whatever
 * the caller sent.
 */
export async function hasSecretKey(headers: Headers, secretKey: string): Promise<boolean> {
  const given = headers.get("apikey");
  if (given === null || secretKey === "") return false;
  const [first, second] = await Promise.all([digest(given), digest(secretKey)]);
  let difference = 0;
  for (const [index, byte] of first.entries()) difference |= byte ^ (second[index] ?? 0);
  return difference === 0;
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
