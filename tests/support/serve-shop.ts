import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { build, createServer, preview } from "vite";

const root = fileURLToPath(new URL("../../web", import.meta.url));
const configFile = join(root, "vite.config.ts");

/** What the shop has to know of a stack. */
export interface ShopStack {
  supabaseUrl: string;
  publishableKey: string;
  /** Where the shop is served: on the functions' list of allowed origins. */
  webUrl: string;
}

export interface Shop {
  url: string;
  close(): Promise<void>;
}

/**
 * Builds the shop as it would be deployed, for this stack, and serves it on the stack's `webUrl`.
 * The build goes to a temporary folder that `close` removes.
 */
export async function serveShop(stack: ShopStack): Promise<Shop> {
  const outDir = await mkdtemp(join(tmpdir(), "payments-shop-"));
  const removeBuild = () => rm(outDir, { recursive: true, force: true });
  try {
    await buildShop(stack, outDir);
    const { hostname, port } = new URL(stack.webUrl);
    const server = await preview({
      root,
      configFile,
      logLevel: "error",
      build: { outDir },
      preview: { host: hostname, port: Number(port), strictPort: true },
    });
    return {
      url: stack.webUrl,
      close: async () => {
        await server.close();
        await removeBuild();
      },
    };
  } catch (error) {
    await removeBuild();
    throw error;
  }
}

/** Serves the shop from Vite's development server, as `npm start` does. */
export async function serveShopForDevelopment(stack: ShopStack): Promise<Shop> {
  const { hostname, port } = new URL(stack.webUrl);
  const server = await withSettings(stack, () =>
    createServer({
      root,
      configFile,
      logLevel: "error",
      server: { host: hostname, port: Number(port), strictPort: true },
    }));
  await server.listen();
  return { url: stack.webUrl, close: () => server.close() };
}

/** Builds the shop for a stack into a folder. */
export async function buildShop(
  stack: Pick<ShopStack, "supabaseUrl" | "publishableKey">,
  outDir: string,
): Promise<void> {
  await withSettings(
    stack,
    () => build({ root, configFile, logLevel: "error", build: { outDir, emptyOutDir: true } }),
    // vitest says "test", and the build would be React's for development: slow, with every effect twice
    { NODE_ENV: "production" },
  );
}

/** Vite takes the two settings from the environment, as in a deployment. */
async function withSettings<T>(
  stack: Pick<ShopStack, "supabaseUrl" | "publishableKey">,
  task: () => Promise<T>,
  more: Record<string, string> = {},
): Promise<T> {
  const settings = {
    ...more,
    VITE_SUPABASE_URL: stack.supabaseUrl,
    VITE_SUPABASE_PUBLISHABLE_KEY: stack.publishableKey,
  };
  const before = new Map(Object.keys(settings).map((name) => [name, process.env[name]]));
  Object.assign(process.env, settings);
  try {
    return await task();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
