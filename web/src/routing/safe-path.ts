const anyOrigin = "http://shop.invalid";

/**
 * Narrows a path that came in with a query to one of this shop, so that a crafted sign-in link
 * cannot send a visitor elsewhere.
 *
 * @returns The path with its query and fragment, or the fallback.
 */
export function safePath(candidate: string | null, fallback: string): string {
  if (candidate === null || !candidate.startsWith("/") || !URL.canParse(candidate, anyOrigin)) {
    return fallback;
  }
  const url = new URL(candidate, anyOrigin);
  // "//other.example" and "/\other.example" parse to another host.
  return url.origin === anyOrigin ? `${url.pathname}${url.search}${url.hash}` : fallback;
}
