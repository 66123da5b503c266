import { type InputHTMLAttributes, useId } from "react";

interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "id"> {
  readonly label: string;
  readonly hint?: string;
  readonly error?: string | undefined;
}

/** A labelled input with its hint and its error tied to it. */
export function Field({ label, hint, error, ...input }: FieldProps) {
  const id = useId();
  const described = [
    hint === undefined ? "" : `${id}-hint`,
    error === undefined ? "" : `${id}-error`,
  ]
    .filter((part) => part !== "").join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        aria-invalid={error !== undefined}
        aria-describedby={described === "" ? undefined : described}
      />
      {hint !== undefined && <p className="field-hint" id={`${id}-hint`}>{hint}</p>}
      {error !== undefined && <p className="field-error" id={`${id}-error`}>{error}</p>}
    </div>
  );
}
