import type { Plugin } from "vite";
import { keyKindOf } from "../src/settings/key-kind.ts";

const variable = "import.meta.env.VITE_SUPABASE_PUBLISHABLE_KEY";

/**
 * Keeps a secret that was put in the publishable key's place out of everything that is served.
 *
 * A build stops. The development server starts, but hands the page the kind of the key instead of
 * the key, so that the page can say what is wrong.
 *
 * @param key The value of VITE_SUPABASE_PUBLISHABLE_KEY.
 */
export function keepSecretsOut(key: string | undefined): Plugin {
  return {
    name: "tidepost:keep-secrets-out",
    enforce: "pre",
    config: (_config, { command }) => {
      const kind = keyKindOf(key ?? "");
      if (kind === "publishable" || kind === "missing") return undefined;
      if (command === "build") {
        throw new Error(
          `refused to build: VITE_SUPABASE_PUBLISHABLE_KEY holds a key of kind "${kind}", ` +
            "and everything in it is public",
        );
      }
      return { define: { [variable]: JSON.stringify(`refused:${kind}`) } };
    },
  };
}
