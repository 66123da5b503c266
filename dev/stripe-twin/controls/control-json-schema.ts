import { z } from "zod";
import { faultsSchema } from "../engine/faults.ts";
import { controlSchemas } from "./schemas.ts";

/** One JSON schema for the bodies of all controls, by method and path. */
export function controlJsonSchema(): object {
  const all = { ...controlSchemas, "POST /_twin/faults": faultsSchema };
  const bodies = Object.entries(all).map(([key, schema]) => {
    const { $schema: _draft, ...body } = z.toJSONSchema(schema, { io: "input" });
    return [key, body];
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "twin-controls.schema.json",
    title: "Controls of the Stripe twin",
    description: "The JSON body of each control, by method and path. Development only.",
    type: "object",
    properties: Object.fromEntries(bodies),
    additionalProperties: false,
  };
}
