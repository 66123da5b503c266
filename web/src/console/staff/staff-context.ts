import { createContext, useContext } from "react";
import type { Ask } from "../api/ask.ts";

/** Who is at the console, as the database says it, and how to ask for something. */
export interface Staff {
  readonly userId: string;
  readonly email: string;
  readonly roles: readonly string[];
  readonly ask: Ask;
  /** Looks up again what the person may do: something was refused that the page offered. */
  readonly refresh: () => void;
  readonly may: (permission: string) => boolean;
}

const StaffContext = createContext<Staff | undefined>(undefined);

export const StaffProvider = StaffContext.Provider;

/** The signed-in member of staff. What they may not do is not offered; the database refuses it anyway. */
export function useStaff(): Staff {
  const staff = useContext(StaffContext);
  if (staff === undefined) throw new Error("useStaff is called outside its provider");
  return staff;
}
