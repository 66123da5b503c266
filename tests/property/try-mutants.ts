import { startScratchServer } from "./support/scratch-database.ts";
import { generateHistory } from "./support/history.ts";
import { runHistory } from "./support/run-history.ts";
import { MUTANTS, mutate } from "./support/mutants.ts";
const server = await startScratchServer();
const max = Number(Deno.args[0] ?? 60), only = Deno.args[1];
for (const [i, m] of MUTANTS.entries()) {
  if (only && !m.name.includes(only)) continue;
  const db = await server.create(`m${i}`);
  await mutate(db.admin, m);
  let n = 0;
  let caught: string[] = [];
  const t = performance.now();
  for (n = 1; n <= max; n++) {
    const o = await runHistory(db, generateHistory(n));
    if (o.failures.length) {
      caught = o.failures;
      break;
    }
  }
  console.log(
    m.name,
    caught.length ? `caught after ${n}` : "NOT CAUGHT",
    ((performance.now() - t) / 1000).toFixed(1),
    caught.slice(0, 2).join("\n"),
  );
  await db.close();
}
await server.stop();
Deno.exit(0);
