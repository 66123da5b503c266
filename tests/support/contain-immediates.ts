// Deno 2.9 calls its immediates again after one of them threw, from a list that what was told of the error
// may have changed meanwhile (clearImmediate): it then throws for ever and nothing else in the process runs.
// The `postgres` driver throws in an immediate, and clears others, when the server dies under a write. So no
// error leaves an immediate here; it becomes a rejection that nobody handles, which vitest hears of as well.

const CONTAINED = Symbol.for("tests.contained-immediates");

interface MayBeContained {
  [CONTAINED]?: true;
}

/** Once in a process, also when called for every file. */
export function containImmediates(scope: typeof globalThis & MayBeContained = globalThis): void {
  if (scope[CONTAINED] === true) return;
  scope[CONTAINED] = true;
  const original = scope.setImmediate;
  const contained = (callback: (...args: unknown[]) => void, ...args: unknown[]) =>
    original(() => {
      try {
        callback(...args);
      } catch (error) {
        Promise.reject(error);
      }
    });
  scope.setImmediate = Object.assign(contained, original);
}

containImmediates();
