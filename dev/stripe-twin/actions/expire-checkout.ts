import { made } from "../engine/emit.ts";
import { invalidRequest } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import type { CheckoutSession } from "../objects/types.ts";

/** Expires an open session. */
export function expireCheckout(scope: Scope, session: CheckoutSession): CheckoutSession {
  if (session.status !== "open") {
    throw invalidRequest(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status}\`.`,
    );
  }
  const expired = scope.store.checkoutSessions.put({ ...session, status: "expired", url: null });
  scope.emit("checkout expired", { "checkout.session.expired": made(expired) });
  return expired;
}

/** Expires every open session whose time has come. */
export function expireDueCheckouts(scope: Scope): void {
  const now = scope.clock.now();
  for (const session of scope.store.checkoutSessions.newestFirst().reverse()) {
    if (session.status === "open" && session.expires_at <= now) expireCheckout(scope, session);
  }
}
