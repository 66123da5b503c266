import type { FormEvent } from "react";
import { Button } from "../../../ui/button.tsx";
import { Field } from "../../../ui/field.tsx";
import { goTo } from "../../routing/use-route.ts";
import { Select } from "../../ui/select.tsx";
import { STATUSES } from "./event-words.ts";
import { spans } from "./filter-of.ts";

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
