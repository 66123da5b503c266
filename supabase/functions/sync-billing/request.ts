import { z } from "zod";

/** The body of `POST sync-billing`: whose billing it is, the session says. */
export const syncSchema = z.strictObject({});
