/** What a string in the publishable key's place turns out to be. */
export type KeyKind =
  | "publishable"
  | "missing"
  | "supabase_secret"
  | "service_role"
  | "stripe_secret"
  | "stripe_publishable"
  | "webhook_secret"
  | "unknown";

const prefixes: readonly (readonly [string, KeyKind])[] = [
  ["sb_publishable_", "publishable"],
  ["sb_secret_", "supabase_secret"],
  ["sk_", "stripe_secret"],
  ["rk_", "stripe_secret"],
  ["pk_", "stripe_publishable"],
  ["whsec_", "webhook_secret"],
];

/**
 * Says which kind of key this is, from its prefix or, for a legacy JWT, its role.
 *
 * Anything but `publishable` must not be used: a secret key in a browser bundle is public.
 */
export function keyKindOf(key: string): KeyKind {
  if (key === "") return "missing";
  if (key.startsWith("refused:")) return refusedKind(key.slice("refused:".length));
  for (const [prefix, kind] of prefixes) {
    if (key.startsWith(prefix)) return kind;
  }
  return kindOfJwt(key);
}

function refusedKind(name: string): KeyKind {
  return prefixes.find(([, kind]) => kind === name)?.[1] ??
    (name === "service_role" ? "service_role" : "unknown");
}

function kindOfJwt(key: string): KeyKind {
  const role = roleOf(key.split(".")[1] ?? "");
  if (role === "anon") return "publishable";
  return role === undefined ? "unknown" : "service_role";
}

function roleOf(payload: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    return typeof claims === "object" && claims !== null && "role" in claims &&
        typeof claims.role === "string"
      ? claims.role
      : undefined;
  } catch {
    return undefined;
  }
}
