/**
 * A country's two letters (ISO 3166-1 alpha-2) as Stripe and edge networks write them; null for
 * everything else, such as Cloudflare's `XX` (unknown) and `T1` (Tor).
 *
 * @see https://developers.cloudflare.com/fundamentals/reference/http-headers/#cf-ipcountry
 */
export function readCountry(text: string | null | undefined): string | null {
  const code = text?.trim().toUpperCase() ?? "";
  return /^[A-Z]{2}$/.test(code) && code !== "XX" ? code : null;
}
