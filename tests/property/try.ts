import { startScratchServer } from "./support/scratch-database.ts";
import { generateHistory } from "./support/history.ts";
import { runHistory } from "./support/run-history.ts";
const t0 = performance.now();
const server = await startScratchServer();
const db = await server.create("p1");
console.log("server", performance.now() - t0);
const n = Number(Deno.args[0] ?? 5), seed = Number(Deno.args[1] ?? 1);
const ops: Record<string, number> = {},
  kills: Record<string, number> = {},
  del: Record<string, number> = {};
let bad = 0;
const t1 = performance.now();
for (let i = 0; i < n; i++) {
  const h = generateHistory(seed + i);
  const out = await runHistory(db, h);
  for (const o of out.operations) ops[o] = (ops[o] ?? 0) + 1;
  for (const o of out.kills) kills[o] = (kills[o] ?? 0) + 1;
  for (const [k, v] of Object.entries(out.deliveries)) del[k] = (del[k] ?? 0) + v;
  if (out.failures.length) {
    bad++;
    if (bad < 6) {
      console.log(
        h.seed,
        { ...h, commands: h.commands.length },
        out.failures.slice(0, 6).join("\n"),
      );
    }
  }
}
console.log({ ops, kills, del, bad, perSecond: n / ((performance.now() - t1) / 1000) });
await db.close();
await server.stop();
Deno.exit(0);
