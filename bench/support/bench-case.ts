/** What a case is given. */
export interface BenchContext {
  readonly seed: number;
  readonly random: () => number;
  /** In place of the commit that is checked out, where seeds derive from it. */
  readonly commit: string | undefined;
  /** With the seeds that thresholds were chosen with: no measurement. */
  readonly tuning: boolean;
  /** Whether pictures in docs/images are drawn anew. */
  readonly svg: boolean;
  /** One JSON line. */
  report(result: Result): void;
}

/** One figure, or figures that belong together. */
export interface Result {
  readonly bench: string;
  readonly [name: string]: string | number | readonly number[] | null;
}

export interface BenchCase {
  readonly name: string;
  readonly what: string;
  run(context: BenchContext): Promise<void>;
}

/** The middle one of an odd or even number of values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Rounds to `digits` decimals. */
export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
