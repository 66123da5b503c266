import Stripe from "stripe";
import { authenticate, type Authenticator, type Caller } from "../_shared/authenticate.ts";
import type { AddressHash } from "../_shared/address-hash.ts";
import { checkInput } from "../_shared/check-input.ts";
import { readCountry } from "../_shared/country.ts";
import type { DescribeClient } from "../_shared/client-details.ts";
import type { EndpointRequest } from "../_shared/endpoint.ts";
import { PaymentError } from "../_shared/errors.ts";
import { refusalError } from "../_shared/guard-refusal.ts";
import { sha256Hex } from "../_shared/hex.ts";
import { parseJson } from "../_shared/parse-json.ts";
import { projectCheckoutSession } from "../_shared/projections/checkout-session.ts";
import { type Answer, ok } from "../_shared/respond.ts";
import { stripeDate } from "../_shared/stripe-date.ts";
import { isDefiniteRefusal, toStripeFailure } from "../_shared/stripe-failure.ts";
import { validate } from "../_shared/validate.ts";
import { ensureCustomer } from "./ensure-customer.ts";
import { checkoutSchema } from "./request.ts";
import { closeSession, createSession } from "./stripe-session.ts";
import type { Authorization, CheckoutStore, Decision } from "./store.ts";

export interface Dependencies {
  auth: Authenticator;
  store: CheckoutStore;
  stripe: Stripe;
  allowedOrigins: readonly string[];
  addressHash: AddressHash;
  /** Header in which the edge names the client's country, or empty. */
  countryHeader: string;
  describeClient: DescribeClient;
}

type Proceed = Extract<Decision, { decision: "proceed" }>;
type Replace = Extract<Decision, { decision: "replace" }>;

const MAX_REPLACEMENTS = 3;

/** Authenticate → validate → authorise (one RPC) → act (Stripe) → record (one RPC) → respond. */
export async function handle(request: EndpointRequest, deps: Dependencies): Promise<Answer> {
  const caller = await authenticate(request.headers, deps.auth);
  const body = await checkInput(
    caller,
    deps.store.sessionIsLive,
    () => validate(checkoutSchema(deps.allowedOrigins), parseJson(request.body)),
  );
  const decision = await authorize(request, deps, caller, {
    request: body,
    bodySha256: await sha256Hex(JSON.stringify(body)),
    userId: caller.userId,
    sessionId: caller.sessionId,
    addressHash: await deps.addressHash(request.headers),
    country: edgeCountry(request.headers, deps.countryHeader),
    client: await deps.describeClient(request.headers, request.requestId),
  });

  const { reservation } = decision;
  if (reservation.state === "open" && reservation.session_id !== null && reservation.url !== null) {
    const { session_id: id, url, expires_at } = reservation;
    return ok({ id, url, expires_at });
  }

  const { customerId, session } = await act(request, deps, caller, decision);
  if (session.url === null) {
    throw new PaymentError("stripe_failed", { detail: "the session has no url" });
  }
  const recorded = await deps.store.record({
    reservationId: reservation.id,
    customerId,
    session: projectCheckoutSession(session),
    url: session.url,
    requestId: request.requestId,
  });
  if (!recorded.recorded) {
    // nobody may pay a session that we do not stand behind
    await closeSession(deps.stripe, session.id).catch((error: unknown) => {
      throw toStripeFailure(error, "close a session that was not recorded");
    });
    throw new PaymentError(
      recorded.code,
      recorded.code === "on_hold" ? {} : { headers: { "Retry-After": "2" } },
    );
  }
  return ok({ id: session.id, url: session.url, expires_at: session.expires_at });
}

/** Anybody may write this header: it may refuse early, and never allows what Stripe knows better. */
function edgeCountry(headers: Headers, name: string): string | null {
  return name === "" ? null : readCountry(headers.get(name));
}

/** Asks the guard; a session of other parameters that stands in the way is closed at Stripe first. */
async function authorize(
  request: EndpointRequest,
  deps: Dependencies,
  caller: Caller,
  authorization: Authorization,
): Promise<Proceed> {
  for (let round = 0; round <= MAX_REPLACEMENTS; round++) {
    const decision = await deps.store.authorize(authorization, request.requestId);
    if (decision.decision === "proceed") return decision;
    if (decision.decision === "refuse") throw refusalOf(decision);
    await replace(request, deps, caller, decision);
  }
  throw new PaymentError("checkout_in_progress", { headers: { "Retry-After": "2" } });
}

function refusalOf(refusal: Extract<Decision, { decision: "refuse" }>): PaymentError {
  switch (refusal.code) {
    case "not_purchasable":
    case "idempotency_conflict":
    case "already_subscribed":
    case "country_not_allowed":
      return new PaymentError(refusal.code, { fields: refusal.errors ?? [] });
    default:
      return refusalError(refusal);
  }
}

async function replace(
  request: EndpointRequest,
  deps: Dependencies,
  caller: Caller,
  { reservation, customer, ticket }: Replace,
): Promise<void> {
  const { requestId } = request;
  try {
    let sessionId = reservation.session_id;
    if (sessionId === null) {
      // its maker died before it could tell us: the stored key finds the session
      const customerId = await ensureCustomer(deps.stripe, deps.store, caller, customer);
      const session = await createSession(
        deps.stripe,
        deps.store,
        reservation,
        customerId,
        caller.userId,
      );
      sessionId = session.id;
    }
    const session = await closeSession(deps.stripe, sessionId);
    await deps.store.recordReplaced({
      reservationId: reservation.id,
      session: projectCheckoutSession(session),
      ticket,
      asOf: stripeDate(session),
      requestId,
    });
  } catch (error) {
    // the stored parameters can never be sent again, and what they made has expired by itself
    const isOver = error instanceof Stripe.errors.StripeIdempotencyError &&
      reservation.expires_at < deps.auth.nowSeconds();
    if (!isDefiniteRefusal(error) && !isOver) {
      throw toStripeFailure(error, "replace the open session");
    }
    await deps.store.release(reservation.id, error.code ?? error.type, requestId);
    // its session is known and yet not found: the worker asks under the right account, not we
    if (reservation.session_id !== null) throw toStripeFailure(error, "close the open session");
  }
}

async function act(
  request: EndpointRequest,
  deps: Dependencies,
  caller: Caller,
  { reservation, customer }: Proceed,
): Promise<{ customerId: string; session: Stripe.Checkout.Session }> {
  try {
    const customerId = await ensureCustomer(deps.stripe, deps.store, caller, customer);
    const session = await createSession(
      deps.stripe,
      deps.store,
      reservation,
      customerId,
      caller.userId,
    );
    return { customerId, session };
  } catch (error) {
    // only a definite refusal frees the reservation; after a time-out the session may exist
    if (isDefiniteRefusal(error)) {
      await deps.store.release(reservation.id, error.code ?? error.type, request.requestId);
    }
    throw toStripeFailure(error, "create a checkout session");
  }
}
