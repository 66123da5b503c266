import { textOf } from "../../ui/text-of.ts";
import type { Rule } from "./schemas.ts";

const counts = ["threshold", "window_seconds"] as const;

/**
 * What the form says otherwise than the rule: two people who change different things of a rule at once undo
 * nothing of each other's, and the audit row names what was changed.
 */
export function readChanges(form: FormData, rule: Rule): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  const severity = textOf(form, "severity");
  if (severity !== rule.severity) changes["severity"] = severity;
  const enabled = textOf(form, "enabled") === "on";
  if (enabled !== rule.enabled) changes["enabled"] = enabled;
  for (const name of counts) {
    if (rule[name] === null) continue; // it has none, and cannot get one
    const text = textOf(form, name);
    // what is no number goes as it was typed, and the database refuses it
    const value = text === undefined || Number.isNaN(Number(text)) ? text ?? null : Number(text);
    if (value !== rule[name]) changes[name] = value;
  }
  return changes;
}
