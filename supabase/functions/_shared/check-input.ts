import type { Caller } from "./authenticate.ts";
import { PaymentError } from "./errors.ts";

/** Asks whether the caller's session is still there. */
export type SessionIsLive = (caller: Caller) => Promise<boolean>;

/**
 * Parses and validates a body. When that fails, the session is looked at before the fault is told:
 * somebody who is not signed in any more hears 401, whatever they sent. A valid body costs nothing
 * here, since the guard checks the session itself.
 *
 * @throws PaymentError session_ended, or what `read` throws
 */
export async function checkInput<T>(
  caller: Caller,
  sessionIsLive: SessionIsLive,
  read: () => T,
): Promise<T> {
  try {
    return read();
  } catch (error) {
    if (!await sessionIsLive(caller)) throw new PaymentError("session_ended", { cause: error });
    throw error;
  }
}
