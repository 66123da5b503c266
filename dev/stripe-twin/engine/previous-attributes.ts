import { isRecord } from "./form-params.ts";

/**
 * What `data.previous_attributes` of an `updated` event holds: the old values of the attributes that changed; hashes
 * go down to the keys that changed, a key that was not there before is null, lists are given whole.
 */
export function previousAttributes(before: object, after: object): Record<string, unknown> {
  return difference({ ...before }, { ...after });
}

function difference(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = before[key];
    const current = after[key];
    if (JSON.stringify(old) === JSON.stringify(current)) continue;
    changed[key] = isRecord(old) && isRecord(current) ? difference(old, current) : (old ?? null);
  }
  return changed;
}
