interface IntervalSwitchProps {
  readonly value: "month" | "year";
  readonly onChange: (value: "month" | "year") => void;
}

const choices = [
  { value: "month", label: "Monthly" },
  { value: "year", label: "Yearly" },
] as const;

/** Monthly or yearly: two radio buttons that look like a switch and work with the arrow keys. */
export function IntervalSwitch({ value, onChange }: IntervalSwitchProps) {
  return (
    <fieldset className="switch">
      <legend className="visually-hidden">Billing interval</legend>
      {choices.map((choice) => (
        <label key={choice.value} className="switch-choice">
          <input
            type="radio"
            name="interval"
            value={choice.value}
            checked={value === choice.value}
            onChange={() => onChange(choice.value)}
          />
          <span>{choice.label}</span>
        </label>
      ))}
    </fieldset>
  );
}
