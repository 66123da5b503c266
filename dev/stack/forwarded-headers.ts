/** Headers that belong to one connection and end at a proxy (RFC 9110, section 7.6.1). */
const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

export interface ForwardedFrom {
  /** Address of the peer that the gateway talks to. */
  peer: string;
  /** What the caller asked for in Host. */
  host: string;
  port: number;
}

/**
 * A caller's headers as hosted Supabase's proxies pass them on. `x-forwarded-for` grows by the peer, so only its last entry is the
 * gateway's own word; the others are overwritten, because a caller that could set them could claim to have used https.
 */
export function forwardedHeaders(headers: Headers, from: ForwardedFrom): Headers {
  const forwarded = withoutHopByHop(headers);
  const chain = headers.get("x-forwarded-for");
  forwarded.set("x-forwarded-for", chain === null ? from.peer : `${chain}, ${from.peer}`);
  forwarded.set("x-forwarded-proto", "http");
  forwarded.set("x-forwarded-host", from.host);
  forwarded.set("x-forwarded-port", String(from.port));
  forwarded.delete("forwarded");
  forwarded.delete("host");
  return forwarded;
}

/** A copy without the headers that a proxy must not pass on. */
export function withoutHopByHop(headers: Headers): Headers {
  const copy = new Headers(headers);
  const named = (headers.get("connection") ?? "").split(",").map((name) => name.trim());
  for (const name of [...hopByHop, ...named]) if (name !== "") copy.delete(name);
  return copy;
}
