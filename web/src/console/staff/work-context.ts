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

const storageKey = "payments-console-reason";

/** The reason of this tab, as it was before a reload. */
export function storedReason(): string {
  return globalThis.sessionStorage.getItem(storageKey) ?? "";
}

export function storeReason(reason: string): void {
  globalThis.sessionStorage.setItem(storageKey, reason);
}

/** Whether the database would take it. */
export function isReason(text: string): boolean {
  const length = text.trim().length;
  return length >= 3 && length <= 500;
}
