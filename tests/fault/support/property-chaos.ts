import { explain, search } from "../../property/support/search.ts";
import { startScratchServer } from "../../property/support/scratch-database.ts";

/** `npm run chaos -- --property N --seed S`: N histories; prints one JSON object, and the smallest failure if there is one. */
export async function propertyChaos(
  { count, seed }: { count: number; seed: number },
): Promise<boolean> {
  const server = await startScratchServer();
  const database = await server.create("property");
  try {
    const startedAt = performance.now();
    const { failed, ...result } = await search(database, { firstSeed: seed, count });
    const seconds = (performance.now() - startedAt) / 1000;
    console.log(JSON.stringify({
      kind: "property",
      seed,
      passed: failed === null,
      seconds: Math.round(seconds),
      histories_per_second: Number((result.histories / seconds).toFixed(2)),
      ...result,
    }));
    if (failed !== null) console.error(await explain(database, failed.history));
    return failed === null;
  } finally {
    await database.close();
    await server.stop();
  }
}
