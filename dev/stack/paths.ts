import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's root folder, wherever the command was started from. */
export const projectRoot: string = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** The host project's Supabase folder: config.toml, migrations and functions. */
export const supabaseFolder: string = join(projectRoot, "supabase");

/** Where `npm run stack` says how to reach it. */
export const defaultStateFile: string = join(projectRoot, ".local", "stack.json");
