import type { ReactNode } from "react";
import type { Tone } from "../billing/status-words.ts";

interface NoticeProps {
  readonly tone: Tone;
  readonly title: string;
  readonly children?: ReactNode;
  /** `alert` interrupts a screen reader; `status` waits its turn. */
  readonly role?: "alert" | "status";
}

/** A message in a box, spoken when it appears. */
export function Notice({ tone, title, children, role }: NoticeProps) {
  return (
    <div className={`notice notice-${tone}`} role={role}>
      <p className="notice-title">{title}</p>
      {children}
    </div>
  );
}
