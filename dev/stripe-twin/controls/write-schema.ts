import { controlJsonSchema } from "./control-json-schema.ts";

// Writes docs/schemas/twin-controls.schema.json; a test fails when the file and the code disagree.
const target = new URL("../../../docs/schemas/twin-controls.schema.json", import.meta.url);
await Deno.mkdir(new URL("./", target), { recursive: true });
await Deno.writeTextFile(target, JSON.stringify(controlJsonSchema(), null, 2) + "\n");
