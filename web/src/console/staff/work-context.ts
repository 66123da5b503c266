import { createContext, useContext } from "react";

/** What the operator is working on: the reason that each look at somebody's data is recorded with. */
export interface Work {
  readonly reason: string;
  readonly setReason: (reason: string) => void;
}

const WorkContext = createContext<Work>({ reason: "", setReason: () => {} });

export const WorkProvider = WorkContext.Provider;

export function useWork(): Work {
  return useContext(WorkContext);
}

/** Of one person: whoever signs in next in this tab is working on something else. */
function storageKey(userId: string): string {
  return `payments-console-reason:${userId}`;
}

/** The person's reason in this tab, as it was before a reload. */
export function storedReason(userId: string): string {
  return globalThis.sessionStorage.getItem(storageKey(userId)) ?? "";
}

export function storeReason(userId: string, reason: string): void {
  globalThis.sessionStorage.setItem(storageKey(userId), reason);
}

/** Spaces of any kind, also those without width; the database says the same. */
const invisible = /[\p{C}\p{Z}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0]/gu;

/** Whether the database would take it. */
export function isReason(text: string): boolean {
  return text.replace(invisible, "").length >= 3 && text.trim().length <= 500;
}
