import type { Tone } from "../billing/status-words.ts";
import type { PurchaseState, SettledVerdict } from "./watch-purchase.ts";

/** How the return page puts a state of a purchase. */
export interface PurchaseWords {
  readonly tone: Tone;
  readonly title: string;
  readonly detail: string;
}

const settled: Readonly<Record<SettledVerdict, PurchaseWords>> = {
  active: {
    tone: "good",
    title: "Your subscription is active",
    detail: "Thank you. Everything in your plan is ready to use.",
  },
  paid: {
    tone: "good",
    title: "Your payment arrived",
    detail: "Thank you. What you bought is yours from now on.",
  },
  processing: {
    tone: "attention",
    title: "Your bank is processing the payment",
    detail: "This can take a few days. We start as soon as it arrives; you need not do anything.",
  },
  failed: {
    tone: "bad",
    title: "The payment did not go through",
    detail: "Nothing is active. Try again with another card, or ask your bank why.",
  },
  expired: {
    tone: "bad",
    title: "This checkout has expired",
    detail: "Nobody paid in time, so nothing was charged. You can start again.",
  },
};

const confirming: PurchaseWords = {
  tone: "attention",
  title: "Confirming your payment…",
  detail: "This usually takes a few seconds. The page changes by itself.",
};

/** Words for what is known about a purchase. */
export function purchaseWords(state: PurchaseState): PurchaseWords {
  switch (state.stage) {
    case "confirming":
      return confirming;
    case "settled":
      return settled[state.verdict];
    case "slow":
      return slowWords(state.verdict === "open", state.watching);
    case "unreachable":
      return {
        tone: "attention",
        title: "We cannot look up your payment right now",
        detail: state.watching
          ? "If you paid, it is safe: Stripe has it. We keep trying."
          : "If you paid, it is safe: Stripe has it. Look again when your connection is back.",
      };
  }
}

function slowWords(unpaid: boolean, watching: boolean): PurchaseWords {
  if (unpaid) {
    return {
      tone: "attention",
      title: "We have no payment yet",
      detail: "If you have not paid, you can start again; you are not charged twice. " +
        "If you have, this page changes as soon as we hear of it.",
    };
  }
  return {
    tone: "attention",
    title: "This takes longer than usual",
    detail: "Do not pay again. " +
      (watching
        ? "We keep looking; you can also close this page and find it in your account later."
        : "Look again now, or later in your account. If it stays this way, write to us."),
  };
}
