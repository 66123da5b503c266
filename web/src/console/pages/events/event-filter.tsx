import type { FormEvent } from "react";
import { Button } from "../../../ui/button.tsx";
import { Field } from "../../../ui/field.tsx";
import { goTo } from "../../routing/use-route.ts";
import { Select } from "../../ui/select.tsx";
import { STATUSES } from "./event-words.ts";

const spans = [
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

/** Narrows the list by status, type, object, id and time; all of it stands in the address. */
export function EventFilter({ query }: { readonly query: URLSearchParams }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const chosen: Record<string, string> = {};
    for (const [name, value] of new FormData(event.currentTarget)) {
      if (typeof value === "string" && value.trim() !== "") chosen[name] = value.trim();
    }
    goTo("events", undefined, chosen);
  };
  return (
    <form
      className="filter"
      role="search"
      aria-label="Events"
      key={query.toString()}
      onSubmit={submit}
    >
      <Select
        label="Status"
        name="status"
        defaultValue={query.get("status") ?? ""}
        options={[
          { value: "", label: "any" },
          ...STATUSES.map((status) => ({ value: status, label: status })),
        ]}
      />
      <Select
        label="Received in"
        name="span"
        defaultValue={query.get("span") ?? "24h"}
        options={spans}
      />
      <Field
        label="Type"
        name="type"
        defaultValue={query.get("type") ?? ""}
        placeholder="invoice.paid"
      />
      <Field
        label="Object"
        name="object"
        defaultValue={query.get("object") ?? ""}
        placeholder="sub_…"
      />
      <Field
        label="Event"
        name="event"
        defaultValue={query.get("event") ?? ""}
        placeholder="evt_…"
      />
      <div className="row">
        <Button type="submit" look="secondary">Search</Button>
        {query.size > 0 && <Button look="quiet" onClick={() => goTo("events")}>Clear</Button>}
      </div>
    </form>
  );
}
