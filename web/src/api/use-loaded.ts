import { useCallback, useEffect, useRef, useState } from "react";
import type { Failure, Outcome } from "./failure.ts";

/** Something that is being read, could not be, or is here. */
export type Loaded<T> =
  | { readonly state: "loading" }
  | { readonly state: "failed"; readonly failure: Failure }
  | { readonly state: "ready"; readonly value: T };

export interface UseLoaded<T> {
  readonly loaded: Loaded<T>;
  /** Reads again. What is on screen stays there until the answer comes. */
  readonly reload: () => Promise<void>;
}

/**
 * Reads something at once and again whenever `read` changes; the last call wins.
 *
 * @param read Stable between renders (`useCallback`).
 */
export function useLoaded<T>(read: () => Promise<Outcome<T>>): UseLoaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: "loading" });
  const turn = useRef(0);

  const reload = useCallback(async () => {
    const mine = ++turn.current;
    const outcome = await read();
    if (mine !== turn.current) return;
    setLoaded(
      outcome.ok
        ? { state: "ready", value: outcome.value }
        : { state: "failed", failure: outcome.failure },
    );
  }, [read]);

  useEffect(() => {
    setLoaded({ state: "loading" });
    void reload();
    return () => {
      turn.current++;
    };
  }, [reload]);

  return { loaded, reload };
}
