import { join } from "node:path";
import { projectRoot } from "./paths.ts";
import { guardProcess, type ProcessGuard } from "./process.ts";
import { databaseUrl } from "./sql.ts";

export interface MigrateOptions {
  /** Holds the folder `supabase/`. */
  root: string;
  port: number;
  postgresPassword: string;
  guard: ProcessGuard;
  /** For what the CLI would otherwise write into the user's home. */
  homeFolder: string;
}

/**
 * Applies supabase/migrations with the real Supabase CLI, as the role that hosted Supabase runs them as.
 * @throws with the CLI's whole output when it fails
 */
export async function pushMigrations(options: MigrateOptions): Promise<void> {
  const url = databaseUrl("postgres", options.postgresPassword, options.port);
  const child = new Deno.Command(
    join(projectRoot, "node_modules", ".bin", "supabase"),
    {
      args: ["db", "push", "--yes", "--workdir", options.root, `--remote=${url}?sslmode=disable`],
      cwd: options.root,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // Its own process group: a Ctrl-C in the terminal is the supervisor's to hand on, in its order.
      detached: true,
      env: {
        SUPABASE_HOME: options.homeFolder,
        SUPABASE_TELEMETRY_DISABLED: "1",
        SUPABASE_NO_UPDATE_NOTIFIER: "1",
        DO_NOT_TRACK: "1",
        NO_COLOR: "1",
      },
    },
  ).spawn();
  guardProcess(options.guard, child, "SIGTERM");
  const { success, code, stdout, stderr } = await child.output();
  if (success) return;
  const decoder = new TextDecoder();
  const output = (decoder.decode(stdout) + decoder.decode(stderr)).replaceAll(
    options.postgresPassword,
    "…",
  );
  throw new Error(
    `The migrations in supabase/migrations failed (supabase db push ended with code ${code}):\n${output.trim()}`,
  );
}
