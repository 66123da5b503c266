import { useCallback, useEffect, useRef, useState } from "react";

/**
 * Runs a task for a button, one at a time: a second click while the first is under way does nothing.
 * The lock is a ref, not state, because two clicks can come before React draws again.
 *
 * @param task Resolves to `stay` when the page goes on to another site, so that the button stays
 * busy until it is gone, or to `done`.
 */
export function useSingleFlight<A extends readonly unknown[]>(
  task: (...args: A) => Promise<"stay" | "done">,
): { readonly busy: boolean; readonly run: (...args: A) => void } {
  const flying = useRef(false);
  const [busy, setBusy] = useState(false);

  const land = useCallback(() => {
    flying.current = false;
    setBusy(false);
  }, []);

  // Coming back with the browser's Back button may restore this page as it was left: busy.
  useEffect(() => {
    const onShow = (event: PageTransitionEvent) => {
      if (event.persisted) land();
    };
    globalThis.addEventListener("pageshow", onShow);
    return () => globalThis.removeEventListener("pageshow", onShow);
  }, [land]);

  const run = (...args: A) => {
    if (flying.current) return;
    flying.current = true;
    setBusy(true);
    task(...args).then((end) => {
      if (end === "done") land();
    }, (error: unknown) => {
      land();
      throw error;
    });
  };

  return { busy, run };
}
