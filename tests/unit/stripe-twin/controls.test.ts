import { expect, test } from "vitest";
import { controlJsonSchema } from "../../../dev/stripe-twin/controls/control-json-schema.ts";

test("the JSON schema of the controls is the one in docs", async () => {
  const file = new URL("../../../docs/schemas/twin-controls.schema.json", import.meta.url);
  const written: unknown = JSON.parse(await Deno.readTextFile(file));
  expect(written).toEqual(JSON.parse(JSON.stringify(controlJsonSchema())));
});
