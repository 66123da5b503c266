import { useCallback, useEffect, useRef, useState } from "react";
import type { Failure, Outcome } from "../../api/failure.ts";
import { useStaff } from "../staff/staff-context.ts";
import { endsSession } from "./explain-refusal.ts";

export interface Live<T> {
  /** The last good answer; it stays on screen while a later one fails. */
  readonly value: T | undefined;
  /** What the last question met, until one succeeds. */
  readonly failure: Failure | undefined;
  /** When the value came. */
  readonly at: Date | undefined;
  readonly reload: () => Promise<void>;
}

interface Options {
  /** Asks again this often while the page is visible; without it, only when told to. */
  readonly everyMs?: number | undefined;
}

/**
 * Reads something and keeps it fresh: by polling while somebody looks, and at once when they come back to
 * the tab. A failure doubles the pause, up to a minute.
 *
 * @param read Stable between renders; `undefined` while there is nothing to ask for.
 */
export function useLive<T>(
  read: (() => Promise<Outcome<T>>) | undefined,
  { everyMs }: Options = {},
): Live<T> {
  const [state, setState] = useState<Omit<Live<T>, "reload">>(nothing);
  const { refresh } = useStaff();
  const turn = useRef(0);
  const failures = useRef(0);

  const reload = useCallback(async () => {
    if (read === undefined) return;
    const mine = ++turn.current;
    const outcome = await read();
    if (mine !== turn.current) return;
    if (outcome.ok) {
      failures.current = 0;
      setState({ value: outcome.value, failure: undefined, at: new Date() });
      return;
    }
    failures.current++;
    // a role may have been taken away, or the session ended: the frame finds out
    if (outcome.failure.code === "forbidden" || endsSession(outcome.failure)) refresh();
    setState((before) => ({ ...before, failure: outcome.failure }));
  }, [read, refresh]);

  useEffect(() => {
    setState(nothing);
    failures.current = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const look = async () => {
      clearTimeout(timer);
      await reload();
      if (ended || everyMs === undefined || document.visibilityState === "hidden") return;
      clearTimeout(timer);
      timer = setTimeout(() => void look(), Math.min(everyMs * 2 ** failures.current, 60_000));
    };
    const onVisible = () => {
      if (everyMs !== undefined && document.visibilityState === "visible") void look();
    };
    document.addEventListener("visibilitychange", onVisible);
    void look();
    return () => {
      ended = true;
      turn.current++;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [reload, everyMs]);

  return { ...state, reload };
}

const nothing = { value: undefined, failure: undefined, at: undefined };
