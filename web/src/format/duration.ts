/** Writes a wait in words: `1 second`, `45 seconds`, `2 minutes`. */
export function formatWait(seconds: number): string {
  return seconds < 90
    ? count(Math.ceil(seconds), "second")
    : count(Math.ceil(seconds / 60), "minute");
}

function count(amount: number, unit: string): string {
  return `${amount} ${unit}${amount === 1 ? "" : "s"}`;
}
