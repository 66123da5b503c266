import { createClient } from "@supabase/supabase-js";
import { runProgram } from "../../cli/program.ts";
import { projectRoot } from "./paths.ts";
import type { StackState } from "./state.ts";

/** Who may sign in to the console of a local stack. */
export interface DemoOperator {
  readonly email: string;
  readonly password: string;
}

/**
 * Signs somebody up and makes them the first admin, with the command that an operator would use. For the
 * local stack alone: the password is new each time and printed by whoever calls this.
 *
 * @throws when Auth or the command refuses
 */
export async function makeDemoOperator(
  state: Pick<StackState, "supabaseUrl" | "publishableKey" | "dbUrl">,
): Promise<DemoOperator> {
  const operator = { email: "operator@example.com", password: makePassword() };
  const { auth } = createClient(state.supabaseUrl, state.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { data, error } = await auth.signUp({ ...operator });
  if (error !== null) throw error;
  const id = data.user?.id ?? "";
  const said: string[] = [];
  const code = await runProgram(
    [
      "staff",
      "bootstrap",
      id,
      "--reason",
      "demo operator of a local stack",
      "--db-url",
      state.dbUrl,
    ],
    {
      root: projectRoot,
      now: () => new Date(),
      colour: false,
      env: {},
      operator: "npm start",
      out: () => {},
      error: (text) => said.push(text),
    },
  );
  if (code !== 0) throw new Error(`The demo operator was not made: ${said.join("")}`);
  return operator;
}

/** Twelve letters and digits: short enough to type, too many to guess. */
function makePassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => "abcdefghijkmnpqrstuvwxyz23456789"[byte % 32]).join("");
}
