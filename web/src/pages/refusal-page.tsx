import type { SettingsFault } from "../settings/read-settings.ts";

const words: Readonly<Record<SettingsFault, string>> = {
  url_missing: "VITE_SUPABASE_URL is not set. It is the URL of your Supabase project.",
  url_malformed: "VITE_SUPABASE_URL is not a URL.",
  url_not_https: "VITE_SUPABASE_URL must be https, except on this very machine.",
  key_missing:
    "VITE_SUPABASE_PUBLISHABLE_KEY is not set. It is the project’s publishable key (sb_publishable_…).",
  key_is_secret:
    "VITE_SUPABASE_PUBLISHABLE_KEY holds a secret key. Everything in this page is public: " +
    "put the publishable key there and, if this page was ever deployed, rotate the secret key.",
  key_is_stripes:
    "VITE_SUPABASE_PUBLISHABLE_KEY holds a Stripe key. The shop needs no Stripe key of any kind.",
  key_unknown:
    "VITE_SUPABASE_PUBLISHABLE_KEY is not a publishable key. It starts with sb_publishable_.",
};

/** Shown instead of the shop when its settings are missing or dangerous. */
export function RefusalPage({ faults }: { readonly faults: readonly SettingsFault[] }) {
  return (
    <main className="page page-narrow refusal">
      <h1>The shop is not open yet</h1>
      <p className="lead">It refuses to start because of its settings:</p>
      <ul>{faults.map((fault) => <li key={fault} data-fault={fault}>{words[fault]}</li>)}</ul>
      <p>
        Set them in the environment, or in <code>web/.env.local</code>, and start again.
      </p>
    </main>
  );
}
