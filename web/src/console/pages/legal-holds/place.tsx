import { useState } from "react";
import { failed } from "../../../api/failure.ts";
import { Field } from "../../../ui/field.tsx";
import { done } from "../../api/ask.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { Action } from "../../ui/action.tsx";
import { Select } from "../../ui/select.tsx";
import { textOf } from "../../ui/text-of.ts";

const scopes = [
  { value: "user", label: "one user" },
  { value: "resource", label: "one object" },
  { value: "time", label: "a time" },
  { value: "all", label: "everything" },
] as const;

const explain = {
  http_400: "A user's id is a UUID, as Auth shows it. Nothing was placed.",
};

/** Places a legal hold: on whom or what, and when that happened. */
export function Place({ onDone }: { readonly onDone: () => void }) {
  const { ask } = useStaff();
  const [scope, setScope] = useState<string>("user");
  const run = async (reason: string, form: FormData) => {
    const from = momentOf(form, "from");
    const until = momentOf(form, "until");
    if (from === undefined || until === undefined) return failed({ code: "invalid_hold" });
    return await ask("staff_place_legal_hold", {
      p_scope: scope,
      p_reason: reason,
      p_user_id: textOf(form, "user") ?? null,
      p_resource_id: textOf(form, "resource") ?? null,
      p_from: from,
      p_until: until,
    }, done);
  };
  return (
    <Action
      label="Place a hold"
      title="Place a legal hold?"
      confirm="Place it"
      run={run}
      onDone={onDone}
      explain={explain}
    >
      <p>
        What it may cover is not purged from now on. It takes two people to release it, and you
        cannot be the one who does.
      </p>
      <Select
        label="On"
        name="scope"
        options={scopes}
        value={scope}
        onChange={(event) => setScope(event.target.value)}
      />
      {scope === "user" && (
        <Field label="User id" name="user" autoComplete="off" hint="As Auth shows it: a UUID." />
      )}
      {scope === "resource" && (
        <Field
          label="Object"
          name="resource"
          autoComplete="off"
          hint="Its id at Stripe, for instance of a payment."
        />
      )}
      <Field
        label="Happened from"
        name="from"
        type="datetime-local"
        hint="In your time zone; empty for any time."
      />
      <Field label="Happened until" name="until" type="datetime-local" />
    </Action>
  );
}

/** A moment of the form as the database reads it: null where none was given, undefined for one that is none. */
function momentOf(form: FormData, name: string): string | null | undefined {
  const text = textOf(form, name);
  if (text === undefined) return null;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
