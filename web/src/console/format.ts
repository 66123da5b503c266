const momentFormat = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});

const countFormat = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

/** `24 Nov, 14:05:09`, in the reader's time zone. */
export function formatMoment(at: Date): string {
  return momentFormat.format(at);
}

/** How long ago: `just now`, `42 s ago`, `5 min ago`, `3 h ago`, `12 d ago`; what is to come is `in 5 min`. */
export function formatAge(seconds: number): string {
  if (Math.abs(seconds) < 5) return "just now";
  return seconds < 0 ? `in ${formatSpan(-seconds)}` : `${formatSpan(seconds)} ago`;
}

/** A length of time in one unit: `42 s`, `5 min`, `3 h`, `12 d`. */
export function formatSpan(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** What is left of a clock: `71 h 04 min`, `09 min 30 s`. */
export function formatClock(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  if (left >= 3600) return `${Math.floor(left / 3600)} h ${two(Math.floor(left % 3600 / 60))} min`;
  return `${two(Math.floor(left / 60))} min ${two(left % 60)} s`;
}

export function formatCount(value: number): string {
  return countFormat.format(value);
}

/** Milliseconds: `7 ms`, `1.2 s`. */
export function formatLatency(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${countFormat.format(ms / 1000)} s`;
}

/** A share: `99.95%`; what is not all is never rounded up to it. */
export function formatShare(share: number): string {
  const percent = share * 100;
  const digits = percent === 100 || percent === 0 ? 0 : percent > 99 ? 2 : 1;
  const rounded = Number(percent.toFixed(digits));
  return `${share < 1 && rounded === 100 ? 99.99 : rounded}%`;
}

/** `payments_worker` → `payments worker`. */
export function asWords(name: string): string {
  return name.replaceAll("_", " ");
}
