const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});
const day = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short" });
const dayAndClock = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});

const dayMs = 86_400_000;

/** How a span's times are best written: the clock within a day, the day beyond a week, both between. */
export function timeFormat(times: readonly Date[]): (time: Date | undefined) => string {
  const span = (times.at(-1)?.getTime() ?? 0) - (times[0]?.getTime() ?? 0);
  const format = span <= 1.1 * dayMs ? clock : span <= 8 * dayMs ? dayAndClock : day;
  return (time) => time === undefined ? "" : format.format(time);
}
