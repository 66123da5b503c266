/**
 * The client's address as the nearest proxy saw it: the last entry of X-Forwarded-For that is not a
 * private network's, such as a hop inside the platform. What stands before it, the client may have
 * written itself. No guarantee (Supabase documents none), so it is a second dimension beside the user,
 * never the only guard.
 */
export function clientAddress(headers: Headers): string | null {
  const entries = (headers.get("x-forwarded-for") ?? "").split(",").map((entry) => entry.trim())
    .filter((entry) => /^[\da-fA-F:.]{2,45}$/.test(entry));
  return entries.findLast((entry) => !isPrivate(entry)) ?? entries.at(-1) ?? null;
}

/** @see https://www.rfc-editor.org/rfc/rfc6890 */
function isPrivate(address: string): boolean {
  return /^(?:10\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|f[cd]|fe80)/i.test(
    address,
  );
}
