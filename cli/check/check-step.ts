/** One thing that `npm run check` looks at. */
export interface CheckStep {
  readonly name: string;
  /**
   * What is wrong, one line each; nothing when all is well.
   * @throws when the step could not look; the runner counts that as a failure
   */
  run(root: string): Promise<readonly string[]>;
}
