import { type FormEvent, type ReactNode, useState } from "react";
import { Button } from "../../ui/button.tsx";
import { Field } from "../../ui/field.tsx";
import { Page } from "../layout/page.tsx";
import { isReason, useWork } from "../staff/work-context.ts";

interface ReasonGateProps {
  /** What will be looked at, to finish "Before you look at …". */
  readonly what: string;
  /** Of the page behind it, where that is all behind it: the question is then a page of its own. */
  readonly title?: string;
  readonly children: (reason: string) => ReactNode;
}

/**
 * Asks once a tab what the operator is working on, before anything is shown that a look at is recorded for.
 * The answer goes with every such look until it is changed.
 */
export function ReasonGate({ what, title, children }: ReasonGateProps) {
  const { reason, setReason } = useWork();
  const [error, setError] = useState<string>();
  if (isReason(reason)) return children(reason);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get("reason");
    const given = typeof text === "string" ? text.trim() : "";
    if (isReason(given)) setReason(given);
    else setError("Between 3 and 500 characters.");
  };
  const question = (
    <form className="panel gate" onSubmit={submit} noValidate>
      <h2>What are you working on?</h2>
      <p>
        Before you look at{" "}
        {what}: a ticket, an alert, an incident. It is kept in the audit trail beside your name, for
        everything you look at until you change it.
      </p>
      <Field
        label="Reason"
        name="reason"
        autoComplete="off"
        error={error}
        maxLength={500}
        required
      />
      <Button type="submit">Continue</Button>
    </form>
  );
  return title === undefined ? question : <Page title={title}>{question}</Page>;
}
