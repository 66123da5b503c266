import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";
import { complianceTable } from "./build/compliance-table.ts";
import { contentSecurityPolicy } from "./build/content-security-policy.ts";
import { keepSecretsOut } from "./build/keep-secrets-out.ts";

const root = fileURLToPath(new URL(".", import.meta.url));
const repository = fileURLToPath(new URL("..", import.meta.url));

/** The only two variables that may reach the browser, by their full names. */
const exposed = ["VITE_SUPABASE_URL", "VITE_SUPABASE_PUBLISHABLE_KEY"];

export default defineConfig(({ mode }) => {
  const env = loadEnv(mode, root, exposed);
  return {
    root,
    envPrefix: exposed,
    plugins: [
      react(),
      keepSecretsOut(env.VITE_SUPABASE_PUBLISHABLE_KEY),
      contentSecurityPolicy(env.VITE_SUPABASE_URL),
      complianceTable(repository),
    ],
    server: {
      host: "127.0.0.1",
      // No more of the repository than is shown: .local holds every key of the running stack.
      fs: { allow: [root, `${repository}docs`, realpathSync(`${repository}node_modules`)] },
    },
    preview: { host: "127.0.0.1" },
    build: {
      // Nothing inlined: the policy below allows no data: URL and no inline script.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      // Libraries apart from the shop, so that a new shop leaves them in the visitor's cache.
      rolldownOptions: {
        // Two pages: what only the console needs is in no file that the shop loads.
        input: [`${root}index.html`, `${root}console/index.html`],
        output: {
          codeSplitting: {
            groups: [
              { name: "react", test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/ },
              { name: "supabase", test: /node_modules[\\/]@supabase[\\/]/ },
            ],
          },
        },
      },
    },
  };
});
