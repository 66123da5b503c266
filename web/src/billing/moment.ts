import * as z from "zod/mini";

/** A timestamp as PostgREST writes it, read as a date. */
export const moment = z.pipe(
  z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)))),
  z.transform((text) => new Date(text)),
);

/** The same for a column that may be null. */
export const optionalMoment = z.pipe(
  z.nullable(moment),
  z.transform((date) => date ?? undefined),
);
