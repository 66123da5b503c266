import type { Failure, Outcome } from "../api/failure.ts";
import { judgePurchase, type PurchaseRows, type Verdict } from "./judge-purchase.ts";

/** What the return page shows. */
export type PurchaseState =
  | { readonly stage: "confirming" }
  | { readonly stage: "settled"; readonly verdict: SettledVerdict }
  /** Still unknown after a while. `watching` says whether we go on looking by ourselves. */
  | { readonly stage: "slow"; readonly verdict: Verdict | undefined; readonly watching: boolean }
  | { readonly stage: "unreachable"; readonly failure: Failure; readonly watching: boolean };

export type SettledVerdict = "active" | "paid" | "failed" | "expired" | "processing";

export interface WatchOptions {
  readonly read: () => Promise<Outcome<PurchaseRows>>;
  /** Has the rows brought up to date at once; how it ended does not matter, we look all the same. */
  readonly sync: () => Promise<unknown>;
  readonly onState: (state: PurchaseState) => void;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const firstDelayMs = 400;
const longestDelayMs = 5_000;
const growth = 1.5;
/** A webhook usually takes a second or two; after this we say that it takes longer. */
const slowAfterMs = 12_000;
/** After this the person decides when to look again. */
const giveUpAfterMs = 180_000;

/**
 * Follows a purchase until its outcome is certain, and tells each change of what can be shown: it has
 * the service ask Stripe at once, and meanwhile, and if that fails, looks by itself, less and less
 * often. An error in between does not end it.
 */
export async function watchPurchase(options: WatchOptions): Promise<void> {
  const { read, sync, onState, sleep, now, signal } = options;
  const startedAt = now();
  let delay = firstDelayMs;
  let isSynced = false;
  const synced = sync().catch(() => undefined).then(() => {
    isSynced = true;
  });
  while (!signal.aborted) {
    const hadNews = isSynced;
    const outcome = await read();
    if (signal.aborted) return;
    const elapsed = now() - startedAt;
    const state = stateAfter(outcome, elapsed);
    onState(state);
    if (state.stage === "settled" || elapsed >= giveUpAfterMs) return;
    if (hadNews) await sleep(delay);
    else await Promise.race([synced, sleep(delay)]); // what Stripe says is looked at as soon as it is here
    delay = Math.min(delay * growth, longestDelayMs);
  }
}

function stateAfter(outcome: Outcome<PurchaseRows>, elapsed: number): PurchaseState {
  const watching = elapsed < giveUpAfterMs;
  if (!outcome.ok) return { stage: "unreachable", failure: outcome.failure, watching };
  const verdict = judgePurchase(outcome.value);
  switch (verdict) {
    case "active":
    case "paid":
    case "failed":
    case "expired":
    case "processing":
      return { stage: "settled", verdict };
    default:
      return elapsed < slowAfterMs ? { stage: "confirming" } : { stage: "slow", verdict, watching };
  }
}
