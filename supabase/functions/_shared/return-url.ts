const MAX_LENGTH = 2048;

/**
 * True when a return URL leads to an origin on the allow-list. The parsed origin is compared, so
 * user-info, suffix domains, encodings, other ports and schemes do not get through, and text that a
 * browser might read differently than we do (back-slashes, control characters, spaces) is refused.
 * The URL itself is passed on as received: `{CHECKOUT_SESSION_ID}` must survive.
 */
export function isAllowedReturnUrl(text: string, allowedOrigins: readonly string[]): boolean {
  // deno-lint-ignore no-control-regex -- control characters are what is being refused
  if (text.length > MAX_LENGTH || /[\\\u0000-\u0020\u007f-\uffff]/.test(text)) return false;
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  // what was written must begin with what was parsed: "https:/x", "https:x" do not
  return allowedOrigins.includes(url.origin) && startsWithOrigin(text, url.origin);
}

function startsWithOrigin(text: string, origin: string): boolean {
  if (!text.startsWith(origin)) return false;
  const next = text.charAt(origin.length);
  return next === "" || next === "/" || next === "?" || next === "#";
}
