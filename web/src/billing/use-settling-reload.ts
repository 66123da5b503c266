import { useEffect } from "react";

/** News of a payment or from the portal arrive by webhook: look again a few times. */
const settlingDelaysMs: readonly number[] = [600, 1_500, 3_000, 6_000, 12_000];

/**
 * Reads again when the tab comes back to the front and, while `settling`, a few times on its own.
 */
export function useSettlingReload(reload: () => Promise<void>, settling: boolean): void {
  useEffect(() => {
    const onVisible = () => {
      if (document.visibilityState === "visible") void reload();
    };
    document.addEventListener("visibilitychange", onVisible);
    const timers = settling
      ? settlingDelaysMs.map((delay) => setTimeout(() => void reload(), delay))
      : [];
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      for (const timer of timers) clearTimeout(timer);
    };
  }, [reload, settling]);
}
