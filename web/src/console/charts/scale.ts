/**
 * Round numbers from zero to at least `max`, about four steps of 1, 2 or 5 times a power of ten.
 *
 * @returns At least two values, the first of them `min`.
 */
export function ticksOf(max: number, min = 0): number[] {
  if (max <= min) return [min, min + 1];
  const span = max - min;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? rough;
  const ticks = [min];
  while ((ticks.at(-1) ?? max) < max - step * 1e-9) ticks.push(min + ticks.length * step);
  return ticks;
}

/** A line through the points that are there; where one is missing the line breaks. */
export function linePath(
  values: readonly (number | null)[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  let path = "";
  let isDown = false;
  values.forEach((value, index) => {
    if (value === null) {
      isDown = false;
      return;
    }
    path += `${isDown ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    isDown = true;
  });
  return path;
}

/** Indices of values that no line reaches, because both neighbours are missing: they are drawn as dots. */
export function lonePoints(values: readonly (number | null)[]): number[] {
  return values.flatMap((value, index) =>
    value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null
      ? [index]
      : []
  );
}
