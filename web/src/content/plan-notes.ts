/** What the shop says about a plan beyond its name and description, by the plan's lower-case name. */
const notes: Readonly<Record<string, readonly string[]>> = {
  starter: [
    "10 monitors, checked every minute",
    "One status page on your own domain",
    "E-mail updates to 500 subscribers",
  ],
  pro: [
    "100 monitors, checked every 15 seconds",
    "Unlimited pages, public and private",
    "E-mail, SMS and webhook updates",
    "On-call rota for the whole team",
  ],
};

/** The selling points of a plan; none for a plan the shop has no words for. */
export function notesFor(productName: string): readonly string[] {
  return notes[productName.toLowerCase()] ?? [];
}
