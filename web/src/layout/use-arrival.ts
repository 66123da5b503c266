import { useEffect, useRef } from "react";
import { useLocation } from "../routing/use-location.ts";

/**
 * Does for a change of page what a browser does for a load: goes to the top, or to the place the
 * fragment names, and moves the focus there, so that a screen reader starts with the new page.
 */
export function useArrival(): void {
  const location = useLocation();
  const loadedAt = useRef(location);
  // The location object is new at every step, even one to the same place: that scrolls again.
  useEffect(() => {
    if (location.hash !== "") {
      arriveAt(document.getElementById(decodeURIComponent(location.hash.slice(1))));
      return;
    }
    if (location === loadedAt.current) return;
    globalThis.scrollTo(0, 0);
    document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  }, [location]);
}

function arriveAt(target: HTMLElement | null): void {
  target?.focus({ preventScroll: true });
  target?.scrollIntoView();
}
