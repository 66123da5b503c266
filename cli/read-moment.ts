import { UsageError } from "./command-io.ts";

/**
 * Reads a date or a time; a date is its first moment in UTC.
 *
 * @throws UsageError for anything else
 */
export function readMoment(text: string | undefined, option: string): string | null {
  if (text === undefined) return null;
  const at = Date.parse(text);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(at)) {
    throw new UsageError(`${option} is a date like 2026-11-24 or a time like 2026-11-24T10:00:00Z`);
  }
  return new Date(at).toISOString();
}
