import * as z from "zod/mini";

/** What `staff_read_settings` answers. */
export const settingsSchema = z.object({ settings: z.record(z.string(), z.json()) });

export type Settings = z.infer<typeof settingsSchema>["settings"];
