import type { Failure } from "./failure.ts";

/** What a person can do about a failure. */
export type Remedy = "retry" | "wait" | "sign_in" | "see_account" | "see_plans" | "none";

/** A failure in words for a person. */
export interface Explanation {
  readonly title: string;
  readonly detail: string;
  readonly remedy: Remedy;
}

const nothingCharged = "You have not been charged.";

/** Refusals that have more to say than their status. Codes are the contract's. */
const byCode: Readonly<Record<string, Explanation>> = {
  network: {
    title: "We could not reach the shop’s servers",
    detail: "Check your connection and try again. Trying twice never charges you twice.",
    remedy: "retry",
  },
  unreadable: {
    title: "We got an answer we did not understand",
    detail: "Something is wrong on our side. Try again in a minute.",
    remedy: "retry",
  },
  already_subscribed: {
    title: "You already have this plan",
    detail: "There is nothing to buy again. Change or cancel it from your account.",
    remedy: "see_account",
  },
  checkout_in_progress: {
    title: "Another checkout is opening right now",
    detail: "Perhaps in a second tab. Wait a few seconds and try again; you are not charged twice.",
    remedy: "retry",
  },
  on_hold: {
    title: "Payments are paused for your account",
    detail: `${nothingCharged} Trying again does not help: write to us with the reference below, ` +
      "and a person looks at it.",
    remedy: "none",
  },
  country_not_allowed: {
    title: "We do not sell to your country yet",
    detail: `${nothingCharged} If you are travelling or use a VPN, try again from home.`,
    remedy: "none",
  },
  switched_off: {
    title: "Payments are paused for everybody",
    detail: `${nothingCharged} We stopped them ourselves and are on it; what you have stays yours.`,
    remedy: "wait",
  },
  no_subscription: {
    title: "There is no subscription to cancel",
    detail: "It may have ended already. Reload your account to see how it stands.",
    remedy: "none",
  },
  anonymous_user: {
    title: "You need an account to buy",
    detail: "Sign in or create one first. Your choice is kept.",
    remedy: "sign_in",
  },
  idempotency_conflict: {
    title: "This order changed while it was being sent",
    detail: `${nothingCharged} Send it again to continue with what you see here.`,
    remedy: "retry",
  },
};

const byStatus: Readonly<Record<number, Explanation>> = {
  400: {
    title: "The order could not be read",
    detail: `${nothingCharged} Reload the page and try again.`,
    remedy: "retry",
  },
  401: {
    title: "Your session has ended",
    detail: "Sign in again to continue. Your choice is kept.",
    remedy: "sign_in",
  },
  403: {
    title: "This is not available for your account",
    detail:
      `${nothingCharged} If you think this is a mistake, write to us with the reference below.`,
    remedy: "none",
  },
  404: {
    title: "You have no billing account yet",
    detail: "It is created with your first purchase. Pick a plan to begin.",
    remedy: "see_plans",
  },
  409: {
    title: "This order is already under way",
    detail: "Look at your account first: it may have gone through.",
    remedy: "see_account",
  },
  422: {
    title: "This cannot be bought right now",
    detail: `${nothingCharged} The plan may have changed since you opened the page.`,
    remedy: "see_plans",
  },
  429: {
    title: "Too many attempts in a short time",
    detail: `${nothingCharged} Give it a moment, then try again.`,
    remedy: "wait",
  },
  502: {
    title: "Our payment provider did not answer",
    detail: "Try again in a minute. Trying twice never charges you twice.",
    remedy: "retry",
  },
  503: {
    title: "Payments are paused for a moment",
    detail: `${nothingCharged} We are on it; please try again shortly.`,
    remedy: "wait",
  },
};

const unexpected: Explanation = {
  title: "Something went wrong on our side",
  detail: "Try again. If it stays this way, write to us with the reference below.",
  remedy: "retry",
};

/** Puts a failure into words: by its code where that says more, else by its status. */
export function explainFailure(failure: Failure): Explanation {
  return byCode[failure.code] ?? byStatus[failure.status ?? 0] ?? unexpected;
}
