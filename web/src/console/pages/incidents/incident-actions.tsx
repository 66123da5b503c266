import type { Outcome } from "../../../api/failure.ts";
import { Field } from "../../../ui/field.tsx";
import { done } from "../../api/ask.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { Action } from "../../ui/action.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Select } from "../../ui/select.tsx";
import { TextArea } from "../../ui/text-area.tsx";
import { textOf } from "../../ui/text-of.ts";
import { readAssessment } from "./read-assessment.ts";
import type { Incident } from "./schemas.ts";

const steps = [
  { value: "stop-checkout", label: "Stop checkout" },
  { value: "stop-portal", label: "Stop the portal" },
  { value: "stop-webhooks", label: "Stop webhooks" },
  { value: "stop-all", label: "Stop everything" },
  { value: "hold-users", label: "Hold all affected users" },
  { value: "hold-user", label: "Hold one user" },
  { value: "revoke-sessions", label: "Sign users out: the affected, or one" },
] as const;

interface IncidentActionsProps {
  readonly incident: Incident;
  readonly onDone: () => void;
}

/** What can be done about an open incident, in the order in which it is usually done. */
export function IncidentActions(props: IncidentActionsProps) {
  return (
    <Panel title="Act">
      <div className="row">
        <Contain {...props} />
        <Assess {...props} />
        <TellAuthority {...props} />
        <Close {...props} />
      </div>
    </Panel>
  );
}

function Contain({ incident: { id }, onDone }: IncidentActionsProps) {
  const { ask } = useStaff();
  const run = (reason: string, form: FormData): Promise<Outcome<unknown>> =>
    ask("staff_contain_incident", {
      p_incident: id,
      p_step: textOf(form, "step"),
      p_reason: reason,
      p_subject: textOf(form, "subject") ?? null,
    }, done);
  return (
    <Action
      label="Contain"
      look="primary"
      title="Contain it: one step"
      confirm="Do it"
      isDangerous
      run={run}
      onDone={onDone}
    >
      <p>Works on the next request. A step that changes nothing is not recorded twice.</p>
      <Select label="Step" name="step" options={steps} />
      <Field
        label="User id"
        name="subject"
        autoComplete="off"
        hint="For one user only; empty for all who are affected."
      />
    </Action>
  );
}

const personal = [
  { value: "", label: "not assessed yet" },
  { value: "yes", label: "yes" },
  { value: "no", label: "no" },
];

function Assess({ incident, onDone }: IncidentActionsProps) {
  const { ask } = useStaff();
  const run = (reason: string, form: FormData): Promise<Outcome<unknown>> =>
    ask("staff_assess_incident", {
      p_incident: incident.id,
      p_changes: readAssessment(form, incident),
      p_reason: reason,
    }, done);
  const was = incident.personal_data;
  return (
    <Action label="Assess" title="What is known?" confirm="Save" run={run} onDone={onDone}>
      <Select
        label="Personal data concerned"
        name="personal_data"
        options={personal}
        defaultValue={was === null ? "" : was ? "yes" : "no"}
      />
      <TextArea label="Nature" name="nature" defaultValue={incident.nature ?? ""} />
      <Field
        label="Kinds of people"
        name="people_categories"
        defaultValue={incident.people_categories ?? ""}
      />
      <Field
        label="How many people"
        name="people_count"
        inputMode="numeric"
        defaultValue={incident.people_count ?? ""}
      />
      <Field
        label="Kinds of records"
        name="record_categories"
        defaultValue={incident.record_categories ?? ""}
      />
      <Field
        label="How many records"
        name="record_count"
        inputMode="numeric"
        defaultValue={incident.record_count ?? ""}
      />
      <TextArea
        label="Likely consequences"
        name="likely_consequences"
        defaultValue={incident.likely_consequences ?? ""}
      />
      <TextArea label="Measures" name="measures" defaultValue={incident.measures ?? ""} />
      <Field label="Contact" name="contact" defaultValue={incident.contact ?? ""} />
      <TextArea
        label="Why the authority need not hear of it"
        name="no_notice_reason"
        defaultValue={incident.no_notice_reason ?? ""}
      />
    </Action>
  );
}

function TellAuthority(
  { incident: { id, authority_notified_at: told }, onDone }: IncidentActionsProps,
) {
  const { ask } = useStaff();
  if (told !== undefined) return null;
  const run = (reason: string, form: FormData): Promise<Outcome<unknown>> =>
    ask("staff_record_authority_notice", {
      p_incident: id,
      p_reason: reason,
      p_notified_at: null,
      p_reference: textOf(form, "reference") ?? null,
      p_reason_if_late: textOf(form, "late") ?? null,
    }, done);
  return (
    <Action
      label="The authority was told"
      title="Record that the authority was told?"
      confirm="Record"
      run={run}
      onDone={onDone}
    >
      <p>Recorded once, with the time of this moment. It cannot be changed.</p>
      <Field label="The authority’s reference" name="reference" autoComplete="off" />
      <TextArea label="Why it is late" name="late" hint="Only past the 72 hours." />
    </Action>
  );
}

function Close({ incident: { id, notices }, onDone }: IncidentActionsProps) {
  const { ask } = useStaff();
  const isSomebodyUntold = notices.delivered < notices.affected &&
    notices.delivered + notices.pending + notices.dead > 0;
  const run = (reason: string, form: FormData): Promise<Outcome<unknown>> => {
    const followUp = {
      what: textOf(form, "what") ?? "",
      owner: textOf(form, "owner") ?? "",
      due: textOf(form, "due") ?? "",
    };
    return ask("staff_close_incident", {
      p_incident: id,
      p_root_cause: textOf(form, "cause") ?? null,
      p_follow_ups: [followUp],
      p_reason: reason,
      p_told_otherwise: textOf(form, "told") ?? null,
    }, done);
  };
  return (
    <Action label="Close" title="Close this incident?" confirm="Close" run={run} onDone={onDone}>
      <p>It is final. What comes to light later is another incident.</p>
      <TextArea label="Root cause" name="cause" />
      <Field label="Follow-up" name="what" autoComplete="off" />
      <Field label="Who does it" name="owner" autoComplete="off" />
      <Field label="By" name="due" type="date" />
      {isSomebodyUntold && (
        <TextArea
          label="How the affected were told otherwise"
          name="told"
          hint="Notices are undelivered: it closes only with how those people were told."
        />
      )}
    </Action>
  );
}
