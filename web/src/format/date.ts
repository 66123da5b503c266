const dayFormat = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "long",
  year: "numeric",
});

const shortDayFormat = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
});

/** Writes a moment as a day in the reader's time zone: `3 November 2026`. */
export function formatDay(moment: Date): string {
  return dayFormat.format(moment);
}

/** The same for a table's column: `3 Nov 2026`. */
export function formatShortDay(moment: Date): string {
  return shortDayFormat.format(moment);
}
