import { type PointerEvent, useId, useState } from "react";
import { linePath, lonePoints, ticksOf } from "./scale.ts";
import type { Series } from "./series.ts";
import { SeriesTable } from "./series-table.tsx";
import { timeFormat } from "./time-format.ts";
import { useWidth } from "./use-width.ts";

interface TimeChartProps {
  readonly title: string;
  /** The figure of the whole span, beside the title. */
  readonly figure: string;
  /** When each step begins. */
  readonly times: readonly Date[];
  readonly series: readonly Series[];
  /** `bars` are stacked. */
  readonly kind: "lines" | "bars";
  readonly format: (value: number) => string;
  readonly min?: number;
  readonly max?: number;
}

const height = 190;
const margin = { top: 10, right: 12, bottom: 24, left: 52 };

/** Figures over time: a drawing with a legend that follows the pointer, and the same as a table. */
export function TimeChart(props: TimeChartProps) {
  const { title, figure, times, series, format } = props;
  const id = useId();
  const [pointed, setPointed] = useState<number>();
  const [box, width] = useWidth<HTMLDivElement>();
  const shown = pointed !== undefined && pointed < times.length ? pointed : undefined;
  const isEmpty = series.every(({ values }) => values.every((value) => value === null));
  return (
    <section className="panel chart" aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>{title}</h2>
        <p className="chart-figure">{figure}</p>
      </div>
      <div ref={box} className="chart-box">
        {isEmpty ? <p className="empty">Nothing in this time.</p> : (
          <Drawing
            {...props}
            width={width}
            pointed={shown}
            onPoint={setPointed}
            labelledBy={id}
          />
        )}
      </div>
      <ul className="legend">
        {series.map(({ name, tone, values }) => (
          <li key={name}>
            <span className={`swatch fill-${tone}`} aria-hidden="true" />
            {name} <strong aria-hidden="true">{figureAt(values, shown, format)}</strong>
          </li>
        ))}
        {shown !== undefined && (
          <li className="legend-time" aria-hidden="true">{timeFormat(times)(times[shown])}</li>
        )}
      </ul>
      <SeriesTable title={title} times={times} series={series} format={format} />
    </section>
  );
}

function figureAt(
  values: Series["values"],
  index: number | undefined,
  format: (value: number) => string,
): string {
  if (index === undefined) return "";
  const value = values[index] ?? null;
  return value === null ? "–" : format(value);
}

interface DrawingProps extends TimeChartProps {
  readonly width: number;
  readonly pointed: number | undefined;
  readonly onPoint: (index: number | undefined) => void;
  readonly labelledBy: string;
}

function Drawing(
  { times, series, kind, format, min = 0, max, width, pointed, onPoint, labelledBy }: DrawingProps,
) {
  const inner = {
    width: width - margin.left - margin.right,
    height: height - margin.top - margin.bottom,
  };
  const highest = max ?? Math.max(min, ...times.map((_, index) => highestAt(series, kind, index)));
  // where the end is given, it is the end: no share is above all
  const ticks = max === undefined ? ticksOf(highest, min) : [min, (min + max) / 2, max];
  const top = ticks.at(-1) ?? 1;
  const slot = inner.width / Math.max(1, times.length);
  const x = (index: number) => margin.left + slot * (index + 0.5);
  const y = (value: number) =>
    margin.top + inner.height * (1 - (Math.min(value, top) - min) / (top - min));
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    const index = Math.floor((event.clientX - left - margin.left) / slot);
    onPoint(index >= 0 && index < times.length ? index : undefined);
  };
  return (
    <svg
      className="drawing"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-labelledby={labelledBy}
      onPointerMove={point}
      onPointerLeave={() => onPoint(undefined)}
    >
      {ticks.map((tick) => (
        <g key={tick}>
          <line
            className="grid"
            x1={margin.left}
            x2={width - margin.right}
            y1={y(tick)}
            y2={y(tick)}
          />
          <text className="axis" x={margin.left - 8} y={y(tick) + 4} textAnchor="end">
            {format(tick)}
          </text>
        </g>
      ))}
      <TimeAxis times={times} x={x} width={width} />
      {kind === "bars"
        ? <Bars series={series} count={times.length} x={x} y={y} slot={slot} min={min} />
        : <Lines series={series} x={x} y={y} />}
      {pointed !== undefined && (
        <line
          className="pointer"
          x1={x(pointed)}
          x2={x(pointed)}
          y1={margin.top}
          y2={height - margin.bottom}
        />
      )}
    </svg>
  );
}

function highestAt(series: readonly Series[], kind: "lines" | "bars", index: number): number {
  const values = series.map(({ values }) => values[index] ?? 0);
  return kind === "bars" ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values);
}

interface TimeAxisProps {
  readonly times: readonly Date[];
  readonly x: (index: number) => number;
  readonly width: number;
}

function TimeAxis({ times, x, width }: TimeAxisProps) {
  const every = Math.max(1, Math.ceil(times.length / Math.max(2, Math.floor(width / 110))));
  const format = timeFormat(times);
  return (
    <>
      {times.map((time, index) =>
        index % every === Math.floor(every / 2)
          ? (
            <text
              key={time.getTime()}
              className="axis"
              x={x(index)}
              y={height - 6}
              textAnchor="middle"
            >
              {format(time)}
            </text>
          )
          : null
      )}
    </>
  );
}

interface BarsProps {
  readonly series: readonly Series[];
  readonly count: number;
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
  readonly slot: number;
  readonly min: number;
}

function Bars({ series, count, x, y, slot, min }: BarsProps) {
  const width = Math.max(1, slot * 0.72);
  return (
    <>
      {Array.from({ length: count }, (_, index) => {
        let upTo = min;
        return series.map(({ name, tone, values }) => {
          const value = values[index] ?? 0;
          if (value === 0) return null;
          const [from, to] = [y(upTo), y(upTo += value)];
          return (
            <rect
              key={`${name} ${index}`}
              className={`fill-${tone}`}
              x={x(index) - width / 2}
              y={to}
              width={width}
              height={Math.max(1, from - to)}
            />
          );
        });
      })}
    </>
  );
}

function Lines({ series, x, y }: Pick<BarsProps, "series" | "x" | "y">) {
  return (
    <>
      {series.map(({ name, tone, values }) => (
        <g key={name}>
          <path className={`line stroke-${tone}`} d={linePath(values, x, y)} />
          {lonePoints(values).map((index) => (
            <circle
              key={index}
              className={`fill-${tone}`}
              cx={x(index)}
              cy={y(values[index] ?? 0)}
              r={2.5}
            />
          ))}
        </g>
      ))}
    </>
  );
}
