import { useState } from "react";
import { Scroll } from "../ui/scroll.tsx";
import type { Series } from "./series.ts";
import { timeFormat } from "./time-format.ts";

interface SeriesTableProps {
  readonly title: string;
  readonly times: readonly Date[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
}

/** A chart's figures, for who hears the page or wants the number. Steps without any figure are left out. */
export function SeriesTable({ title, times, series, format }: SeriesTableProps) {
  const [open, setOpen] = useState(false);
  const write = timeFormat(times);
  const rows = times.flatMap((time, index) =>
    series.some(({ values }) => (values[index] ?? null) !== null) ? [{ time, index }] : []
  );
  return (
    <details className="figures" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        As a table<span className="visually-hidden">: {title}</span>
      </summary>
      {open && (
        <Scroll label={title}>
          <thead>
            <tr>
              <th scope="col">From</th>
              {series.map(({ name }) => <th key={name} scope="col" className="number">{name}</th>)}
            </tr>
          </thead>
          <tbody>
            {rows.toReversed().map(({ time, index }) => (
              <tr key={time.getTime()}>
                <th scope="row">{write(time)}</th>
                {series.map(({ name, values }) => {
                  const value = values[index] ?? null;
                  return (
                    <td key={name} className="number">{value === null ? "–" : format(value)}</td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </Scroll>
      )}
    </details>
  );
}
