import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import type { Outcome } from "../../api/failure.ts";
import { Button } from "../../ui/button.tsx";
import { Field } from "../../ui/field.tsx";
import { useSingleFlight } from "../../ui/use-single-flight.ts";
import { explainRefusal } from "../api/explain-refusal.ts";
import { useStaff } from "../staff/staff-context.ts";
import { isReason, useWork } from "../staff/work-context.ts";

interface ActionProps {
  /** On the button that opens the question. */
  readonly label: string;
  /** The question. */
  readonly title: string;
  /** What will happen, and how it is taken back. */
  readonly children?: ReactNode;
  /** On the button that does it. */
  readonly confirm: string;
  readonly look?: "primary" | "secondary" | "quiet";
  readonly isDangerous?: boolean;
  readonly run: (reason: string, form: FormData) => Promise<Outcome<unknown>>;
  /** Once it is done. */
  readonly onDone: () => void;
  /** What a code says here, where the question knows more than {@link explainRefusal}. */
  readonly explain?: Readonly<Record<string, string>>;
}

/** A button that asks before it acts: what happens, and why it should. */
export function Action({ label, look = "secondary", ...question }: ActionProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button look={look} onClick={() => setOpen(true)}>{label}</Button>
      {open && <Question {...question} onClose={() => setOpen(false)} />}
    </>
  );
}

function Question(
  { title, children, confirm, isDangerous = false, run, onDone, explain, onClose }:
    & Omit<ActionProps, "label" | "look">
    & { readonly onClose: () => void },
) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [reasonError, setReasonError] = useState<string>();
  const [refusal, setRefusal] = useState<string>();
  const { reason } = useWork();
  const { refresh } = useStaff();
  const flight = useSingleFlight(async (given: string, form: FormData) => {
    const outcome = await run(given, form);
    if (outcome.ok) {
      dialog.current?.close();
      onDone();
    } else {
      setRefusal(explain?.[outcome.failure.code] ?? explainRefusal(outcome.failure));
      if (outcome.failure.code === "forbidden") refresh();
    }
    return "done" as const;
  });
  // the browser keeps the focus inside, closes on Escape and gives the focus back
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = form.get("reason");
    const given = typeof text === "string" ? text.trim() : "";
    setRefusal(undefined);
    setReasonError(isReason(given) ? undefined : "Between 3 and 500 characters.");
    if (isReason(given)) flight.run(given, form);
  };
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={id} onClose={onClose}>
      <form className="dialog-form" onSubmit={submit} noValidate>
        <h2 id={id}>{title}</h2>
        {children}
        <Field
          label="Reason"
          name="reason"
          autoComplete="off"
          defaultValue={reason}
          error={reasonError}
          maxLength={500}
          hint="Kept in the audit trail, beside your name."
          required
        />
        {refusal !== undefined && <p className="field-error" role="alert">{refusal}</p>}
        <div className="row">
          <Button type="submit" busy={flight.busy} {...(isDangerous ? { "data-danger": "" } : {})}>
            {confirm}
          </Button>
          <Button look="quiet" onClick={() => dialog.current?.close()}>Cancel</Button>
        </div>
      </form>
    </dialog>
  );
}
