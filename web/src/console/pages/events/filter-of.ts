/** Spans to choose from. */
export const spans = [
  { value: "1h", label: "the last hour", ms: 3_600_000 },
  { value: "24h", label: "24 hours", ms: 86_400_000 },
  { value: "7d", label: "7 days", ms: 7 * 86_400_000 },
  { value: "30d", label: "30 days", ms: 30 * 86_400_000 },
] as const;

/** The filter of the procedures, from the page's query. An event id is looked for at any time. */
export function filterOf(query: URLSearchParams): Record<string, string> {
  const span = spans.find(({ value }) => value === query.get("span")) ?? spans[1];
  const filter: Record<string, string> = {
    since: query.has("event") ? "2000-01-01" : new Date(Date.now() - span.ms).toISOString(),
  };
  for (
    const [from, to] of [["status", "status"], ["type", "event_type"], ["object", "object_id"], [
      "event",
      "event_id",
    ]] as const
  ) {
    const value = query.get(from)?.trim() ?? "";
    if (value !== "") filter[to] = value;
  }
  return filter;
}
