import { type FormEvent, useCallback } from "react";
import { Button } from "../../../ui/button.tsx";
import { Field } from "../../../ui/field.tsx";
import { useLive } from "../../api/use-live.ts";
import { Page } from "../../layout/page.tsx";
import { goTo, useRoute } from "../../routing/use-route.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { LiveView } from "../../ui/live-view.tsx";
import { Panel } from "../../ui/panel.tsx";
import { ReasonGate } from "../../ui/reason-gate.tsx";
import { Select } from "../../ui/select.tsx";
import { AuditRows } from "./audit-rows.tsx";
import { rowsSchema } from "./schemas.ts";
import { TrailStatus } from "./trail-status.tsx";

const spans = [
  { value: "1h", label: "the last hour", ms: 3_600_000 },
  { value: "24h", label: "24 hours", ms: 86_400_000 },
  { value: "7d", label: "7 days", ms: 7 * 86_400_000 },
  { value: "30d", label: "30 days", ms: 30 * 86_400_000 },
  { value: "400d", label: "400 days", ms: 400 * 86_400_000 },
] as const;

const outcomes = ["success", "refused", "failure"];
const fields = ["actor", "action", "outcome", "resource", "request", "id"] as const;

/** Who did what, when, to what and why; and whether that can still be trusted. */
export function AuditPage() {
  const { query } = useRoute();
  return (
    <Page title="Audit trail" lead="Rows are final and sealed. A search is in the trail itself.">
      <TrailStatus />
      <ReasonGate what="the audit trail">
        {(reason) => (
          <>
            <AuditFilter query={query} />
            <Found key={query.toString()} query={query} reason={reason} />
          </>
        )}
      </ReasonGate>
    </Page>
  );
}

function AuditFilter({ query }: { readonly query: URLSearchParams }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const chosen: Record<string, string> = {};
    for (const [name, value] of new FormData(event.currentTarget)) {
      if (typeof value === "string" && value.trim() !== "") chosen[name] = value.trim();
    }
    goTo("audit", undefined, chosen);
  };
  const text = (name: typeof fields[number]) => query.get(name) ?? "";
  return (
    <form
      className="filter"
      role="search"
      aria-label="Audit trail"
      key={query.toString()}
      onSubmit={submit}
    >
      <Select label="In" name="span" defaultValue={query.get("span") ?? "24h"} options={spans} />
      <Field label="Who" name="actor" defaultValue={text("actor")} placeholder="user id, evt_…" />
      <Field
        label="Action"
        name="action"
        defaultValue={text("action")}
        placeholder="staff.refused, event"
      />
      <Select
        label="Outcome"
        name="outcome"
        defaultValue={text("outcome")}
        options={[
          { value: "", label: "any" },
          ...outcomes.map((one) => ({ value: one, label: one })),
        ]}
      />
      <Field
        label="About"
        name="resource"
        defaultValue={text("resource")}
        placeholder="sub_…, user id"
      />
      <Field label="Request id" name="request" defaultValue={text("request")} />
      {query.has("id") && <input type="hidden" name="id" value="" />}
      <div className="row">
        <Button type="submit" look="secondary">Search</Button>
        {query.size > 0 && <Button look="quiet" onClick={() => goTo("audit")}>Clear</Button>}
      </div>
    </form>
  );
}

function filterOf(query: URLSearchParams): Record<string, string> {
  const span = spans.find(({ value }) => value === query.get("span")) ?? spans[1];
  const filter: Record<string, string> = { since: new Date(Date.now() - span.ms).toISOString() };
  for (const name of fields) {
    const value = query.get(name)?.trim() ?? "";
    if (value !== "") filter[name] = value;
  }
  return filter;
}

const pageSize = 50;

function Found({ query, reason }: { readonly query: URLSearchParams; readonly reason: string }) {
  const { ask } = useStaff();
  const key = query.toString();
  const read = useCallback(
    () =>
      ask("staff_search_audit", {
        p_filter: filterOf(new URLSearchParams(key)),
        p_reason: reason,
        p_limit: pageSize,
      }, rowsSchema),
    [ask, key, reason],
  );
  const live = useLive(read);
  const more = (before: { at: Date; id: string }) =>
    ask("staff_search_audit", {
      p_filter: {
        ...filterOf(new URLSearchParams(key)),
        before_at: before.at.toISOString(),
        before_id: before.id,
      },
      p_reason: reason,
      p_limit: pageSize,
    }, rowsSchema);
  return (
    <Panel
      title="Rows"
      aside={
        <button type="button" className="link" onClick={() => void live.reload()}>Refresh</button>
      }
    >
      <LiveView live={live} label="Searching the trail" lines={8}>
        {({ rows }) =>
          rows.length === 0
            ? <p className="empty">No row matches. Widen the time, or clear the filter.</p>
            : <AuditRows key={rows[0]?.id} rows={rows} more={more} pageSize={pageSize} />}
      </LiveView>
    </Panel>
  );
}
