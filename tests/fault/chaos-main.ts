import { propertyChaos } from "./property-chaos.ts";
console.log(Deno.args);
Deno.exit(
  await propertyChaos({ count: Number(Deno.args[0] ?? 50), seed: Number(Deno.args[1] ?? 1) })
    ? 0
    : 1,
);
