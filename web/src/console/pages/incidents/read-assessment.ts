import { textOf } from "../../ui/text-of.ts";
import type { Incident } from "./schemas.ts";

const texts = [
  "nature",
  "people_categories",
  "record_categories",
  "likely_consequences",
  "measures",
  "contact",
  "no_notice_reason",
] as const;
const counts = ["people_count", "record_count"] as const;

/** What the form says otherwise than the incident: the audit row then names what was changed, and no more. */
export function readAssessment(form: FormData, incident: Incident): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  for (const name of texts) {
    const value = textOf(form, name) ?? null;
    if (value !== incident[name]) changes[name] = value;
  }
  for (const name of counts) {
    const text = textOf(form, name);
    const value = text === undefined ? null : Number(text);
    // what is no number goes as it was typed, and the database refuses it
    if (value !== incident[name]) changes[name] = Number.isNaN(value) ? text : value;
  }
  const personal = textOf(form, "personal_data");
  const value = personal === undefined ? null : personal === "yes";
  if (value !== incident.personal_data) changes["personal_data"] = value;
  return changes;
}
