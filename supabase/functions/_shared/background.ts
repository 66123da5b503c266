/** Supabase's edge runtime; absent in plain Deno. */
interface EdgeRuntime {
  waitUntil(promise: Promise<unknown>): void;
}

/**
 * Lets something go on after the response. Where the platform can, it keeps the isolate for it.
 *
 * @see https://supabase.com/docs/guides/functions/background-tasks
 */
export function runInBackground(work: Promise<unknown>): void {
  edgeRuntime()?.waitUntil(work);
}

function edgeRuntime(): EdgeRuntime | undefined {
  const runtime: unknown = Reflect.get(globalThis, "EdgeRuntime");
  return isEdgeRuntime(runtime) ? runtime : undefined;
}

function isEdgeRuntime(value: unknown): value is EdgeRuntime {
  return typeof value === "object" && value !== null && "waitUntil" in value &&
    typeof value.waitUntil === "function";
}
