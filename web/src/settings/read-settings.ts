import { keyKindOf } from "./key-kind.ts";

/** All that the shop needs to know about the project it sells for. */
export interface Settings {
  readonly supabaseUrl: string;
  readonly publishableKey: string;
}

/** Why the shop refuses to start, one code for each fault. */
export type SettingsFault =
  | "url_missing"
  | "url_malformed"
  | "url_not_https"
  | "key_missing"
  | "key_is_secret"
  | "key_is_stripes"
  | "key_unknown";

export type SettingsReading =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly faults: readonly SettingsFault[] };

/**
 * Reads and checks the two settings. Set but wrong is a fault, never a fallback.
 *
 * @param env The build's variables: VITE_SUPABASE_URL and VITE_SUPABASE_PUBLISHABLE_KEY.
 */
export function readSettings(env: Readonly<Record<string, unknown>>): SettingsReading {
  const supabaseUrl = textOf(env.VITE_SUPABASE_URL);
  const publishableKey = textOf(env.VITE_SUPABASE_PUBLISHABLE_KEY);
  const faults = [faultOfUrl(supabaseUrl), faultOfKey(publishableKey)]
    .filter((fault) => fault !== undefined);
  return faults.length === 0
    ? { ok: true, settings: { supabaseUrl, publishableKey } }
    : { ok: false, faults };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function faultOfUrl(url: string): SettingsFault | undefined {
  if (url === "") return "url_missing";
  if (!URL.canParse(url)) return "url_malformed";
  const { protocol, hostname } = new URL(url);
  if (protocol === "https:") return undefined;
  if (protocol !== "http:") return "url_malformed";
  return isLoopback(hostname) ? undefined : "url_not_https";
}

function faultOfKey(key: string): SettingsFault | undefined {
  switch (keyKindOf(key)) {
    case "publishable":
      return undefined;
    case "missing":
      return "key_missing";
    case "supabase_secret":
    case "service_role":
    case "stripe_secret":
    case "webhook_secret":
      return "key_is_secret";
    case "stripe_publishable":
      return "key_is_stripes";
    case "unknown":
      return "key_unknown";
  }
}

/** Plain http is for a machine talking to itself. */
export function isLoopback(hostname: string): boolean {
  return hostname === "127.0.0.1" || hostname === "localhost" || hostname === "[::1]";
}
