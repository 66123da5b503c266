import type { ReactNode } from "react";
import type { Tone } from "../billing/status-words.ts";

/** A short state with a dot; the words carry the meaning, the colour repeats it. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return <span className={`badge badge-${tone}`}>{children}</span>;
}
