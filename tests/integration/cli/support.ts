import { join } from "node:path";
import { runProgram } from "../../../cli/program.ts";
import { stack } from "../../support/stack.ts";

/** What a command printed and how it ended. */
export interface Ended {
  code: number;
  out: string;
  error: string;
}

/** Runs the operator's command in this process, against the running stack. */
export async function payments(
  argv: string[],
  env: Record<string, string> = { PAYMENTS_DB_URL: stack().dbUrl },
  root = join(stack().projectRoot, "no-such-folder"),
): Promise<Ended> {
  let out = "";
  let error = "";
  const code = await runProgram(argv, {
    root,
    now: () => new Date(),
    colour: false,
    env,
    operator: "somebody",
    out: (text) => void (out += text),
    error: (text) => void (error += text),
  });
  return { code, out, error };
}
