import { join } from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";

const functionSettings = z.object({
  enabled: z.boolean().default(true),
  verify_jwt: z.boolean().default(true),
});

const projectConfig = z.object({
  api: z.object({
    schemas: z.array(z.string()).default(["public", "graphql_public"]),
    max_rows: z.number().int().positive().default(1000),
  }).prefault({}),
  auth: z.object({
    jwt_expiry: z.number().int().positive().default(3600),
    minimum_password_length: z.number().int().positive().default(6),
    enable_signup: z.boolean().default(true),
    enable_refresh_token_rotation: z.boolean().default(true),
    refresh_token_reuse_interval: z.number().int().nonnegative().default(10),
  }).prefault({}),
  functions: z.record(z.string(), functionSettings).default({}),
});

/** The parts of supabase/config.toml that the local stack honours. */
export type ProjectConfig = z.infer<typeof projectConfig>;

/** Reads supabase/config.toml; what it leaves out has the platform's default. */
export async function readProjectConfig(supabaseFolder: string): Promise<ProjectConfig> {
  const path = join(supabaseFolder, "config.toml");
  const text = await Deno.readTextFile(path).catch((error: unknown) => {
    throw new Error(`Could not read ${path}`, { cause: error });
  });
  return projectConfig.parse(parse(text));
}
