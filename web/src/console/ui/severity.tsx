import type { Tone } from "../../billing/status-words.ts";
import { Badge } from "../../ui/badge.tsx";

const tones: Readonly<Record<string, Tone>> = {
  info: "quiet",
  low: "quiet",
  medium: "attention",
  warning: "attention",
  high: "bad",
  critical: "bad",
};

/** How bad an alert or an incident is. */
export function Severity({ of }: { readonly of: string }) {
  return <Badge tone={tones[of] ?? "quiet"}>{of}</Badge>;
}
