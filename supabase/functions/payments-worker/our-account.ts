import type { WorkerStore } from "./store.ts";

/** The key belongs to another account than the one that is mirrored. */
export class WrongAccount extends Error {
  override readonly name = "WrongAccount";
}

/**
 * Makes sure that Stripe's answers are about our account: under another one's key nothing is found,
 * and "not found" would be taken for "deleted". `found`: objects were found under this key, so if no
 * account is known yet, it is this one.
 *
 * @throws WrongAccount
 */
export async function requireOurAccount(
  deps: { store: Pick<WorkerStore, "learnAccount">; accountId: () => Promise<string> },
  found: boolean,
): Promise<void> {
  if (!await deps.store.learnAccount(await deps.accountId(), found)) throw new WrongAccount();
}
