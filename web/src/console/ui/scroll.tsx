import type { ReactNode } from "react";

/** Holds a table that may be wider than the screen: it scrolls by itself, by keyboard too. */
export function Scroll(
  { label, children }: { readonly label: string; readonly children: ReactNode },
) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={`${label}, table`}>
      <table>{children}</table>
    </div>
  );
}
