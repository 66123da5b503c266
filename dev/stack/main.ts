// `npm run stack`: the local stack in the foreground, until SIGTERM or SIGINT.
import { runUntilSignal } from "./run-until-signal.ts";
import { readStackEnv } from "./stack-env.ts";
import { isVerbose, stackLog } from "./stack-log.ts";
import { startStack } from "./start-stack.ts";

await runUntilSignal(async () => {
  const stack = await startStack({ ...readStackEnv(Deno.env.toObject()), log: stackLog });
  if (isVerbose) stack.timings.report(console.error);
  console.log(`state in ${stack.stateFile}`);
  console.log("stack ready");
  return stack;
});
