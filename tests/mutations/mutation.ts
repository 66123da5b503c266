/** A line whose loss must turn a test red; the proof that the test guards its requirement. */
export interface Mutation {
  /** The requirement, decision ("decision 8") or invariant ("I7") that the line keeps. */
  readonly requirement: string;
  /** What is broken, in a few words. */
  readonly what: string;
  /** The file to change, from the repository's root. */
  readonly file: string;
  /** Text that occurs exactly once in it. */
  readonly find: string;
  readonly replace: string;
  /** Test files that must notice, from the repository's root. */
  readonly tests: readonly string[];
  /** What the name of the test that goes red matches; a regular expression's source. */
  readonly name: string;
}
