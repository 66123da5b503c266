import type { Settings } from "./read-settings.ts";

const groups: readonly { readonly title: string; readonly of: RegExp }[] = [
  { title: "How much", of: /_cap_minor$|_amount_minor$/ },
  { title: "How often", of: /_burst$|_interval_seconds$/ },
  { title: "Velocity and holds", of: /_per_hour$|^address_hold|^fraud_warning|^duplicate/ },
  { title: "Countries", of: /^country_/ },
  { title: "Sessions", of: /session_age|second_factor/ },
];

/** The settings by what they are about; the kill switches have a page of their own. */
export function groupSettings(settings: Settings): { title: string; names: string[] }[] {
  const names = Object.keys(settings).filter((name) => !name.startsWith("stop_")).toSorted();
  const grouped = groups.map(({ title, of }) => ({
    title,
    names: names.filter((name) =>
      of.test(name) && groups.find((one) => one.of.test(name))?.of === of
    ),
  }));
  const rest = names.filter((name) => !groups.some(({ of }) => of.test(name)));
  return [...grouped, { title: "Other", names: rest }].filter((group) => group.names.length > 0);
}
