import { useCallback, useEffect, useRef, useState } from "react";
import * as z from "zod/mini";
import type { Failure } from "../../api/failure.ts";
import type { Ask } from "../api/ask.ts";

/** Roles change while people work: they are looked up again this often, and whenever something is refused. */
const everyMs = 30_000;

const meSchema = z.object({
  user_id: z.string(),
  roles: z.array(z.string()),
  permissions: z.array(z.string()),
});

export type Me = z.infer<typeof meSchema>;

export interface UseMe {
  readonly me: Me | undefined;
  readonly failure: Failure | undefined;
  readonly refresh: () => void;
}

/** Asks the database who the signed-in person is here, and what they may do now. */
export function useMe(ask: Ask): UseMe {
  const [state, setState] = useState<Omit<UseMe, "refresh">>({ me: undefined, failure: undefined });
  const turn = useRef(0);

  const refresh = useCallback(async () => {
    const mine = ++turn.current;
    const outcome = await ask("staff_me", {}, meSchema);
    if (mine !== turn.current) return;
    setState((before) => {
      if (outcome.ok) return { me: kept(before.me, outcome.value), failure: undefined };
      // a moment without a network takes nobody's role away
      const lost = outcome.failure.code === "network" || (outcome.failure.status ?? 0) >= 500;
      return { me: lost ? before.me : undefined, failure: outcome.failure };
    });
  }, [ask]);

  useEffect(() => {
    void refresh();
    return () => {
      turn.current++;
    };
  }, [refresh]);

  const isKnown = state.me !== undefined;
  useEffect(() => {
    // who was refused is not asked about again by itself: each refusal is a row of the audit trail
    if (!isKnown) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void refresh();
    }, everyMs);
    return () => clearInterval(timer);
  }, [isKnown, refresh]);

  return { ...state, refresh: useCallback(() => void refresh(), [refresh]) };
}

/** The same object as long as nothing changed, so that nothing below is drawn again. */
function kept(before: Me | undefined, after: Me): Me {
  return JSON.stringify(before) === JSON.stringify(after) && before !== undefined ? before : after;
}
