import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const STATE_FILE = ".local/stack.json";

const stateSchema = z.object({
  dbUrl: z.string(),
  stripeUrl: z.string(),
  stripeSecretKey: z.string(),
  auditSigningKey: z.string(),
  auditPublicKeys: z.string(),
});

/** What a command needs of the running local stack. */
export type RunningStack = z.infer<typeof stateSchema>;

/** The running local stack of this checkout; null when there is none. */
export async function readRunningStack(root: string): Promise<RunningStack | null> {
  const file = join(root, STATE_FILE);
  if (!existsSync(file)) return null;
  const text: unknown = JSON.parse(await readFile(file, "utf8"));
  return stateSchema.parse(text);
}
