/** Figures of one kind over time. */
export interface Series {
  readonly name: string;
  /** Which of the palette's colours: `c1` to `c6`, `good`, `bad`. */
  readonly tone: string;
  /** One for each time; null where there is none. */
  readonly values: readonly (number | null)[];
}
