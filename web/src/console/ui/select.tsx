import { type SelectHTMLAttributes, useId } from "react";

interface SelectProps extends Omit<SelectHTMLAttributes<HTMLSelectElement>, "id"> {
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
}

/** A labelled list to choose from. */
export function Select({ label, options, ...select }: SelectProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select {...select} id={id}>
        {options.map(({ value, label: text }) => <option key={value} value={value}>{text}</option>)}
      </select>
    </div>
  );
}
