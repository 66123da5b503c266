import { join } from "node:path";
import { createServer } from "vite";
import { projectRoot } from "./paths.ts";
import type { StackState } from "./state.ts";

/** Vite's development server for web/. */
export interface ShopServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the shop on the stack's `webUrl`, which is on the functions' list of allowed origins.
 * The browser gets two settings: where Supabase is, and the publishable key.
 */
export async function startShop(
  state: Pick<StackState, "supabaseUrl" | "publishableKey" | "webUrl">,
): Promise<ShopServer> {
  // Vite reads these from the process, as in a deployment; the stack holds nothing else there for it to find.
  Deno.env.set("VITE_SUPABASE_URL", state.supabaseUrl);
  Deno.env.set("VITE_SUPABASE_PUBLISHABLE_KEY", state.publishableKey);
  const { hostname, port } = new URL(state.webUrl);
  const root = join(projectRoot, "web");
  const server = await createServer({
    root,
    configFile: join(root, "vite.config.ts"),
    clearScreen: false,
    logLevel: "warn",
    server: { host: hostname, port: Number(port), strictPort: true },
  });
  await server.listen();
  return { url: state.webUrl, close: () => server.close() };
}
