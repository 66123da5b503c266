import { startScratchServer } from "./support/scratch-database.ts";
import { generateHistory } from "./support/history.ts";
import { runHistory } from "./support/run-history.ts";
import { describeFailure, shrink } from "./support/shrink.ts";
const server = await startScratchServer();
const db = await server.create("p1");
const n = Number(Deno.args[0] ?? 5), seed = Number(Deno.args[1] ?? 1);
for (let i = 0; i < n; i++) {
  const h = generateHistory(seed + i);
  const out = await runHistory(db, h);
  if (out.failures.length) {
    console.log("FAILS", h.seed, out.failures.slice(0, 5).join("\n"));
    const small = await shrink(h, async (s) => (await runHistory(db, s)).failures.length > 0);
    console.log(describeFailure(small, (await runHistory(db, small)).failures));
    break;
  }
}
await db.close();
await server.stop();
Deno.exit(0);
