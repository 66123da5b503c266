import type Stripe from "stripe";
import { authenticate, type Authenticator } from "../_shared/authenticate.ts";
import type { AddressHash } from "../_shared/address-hash.ts";
import { checkInput } from "../_shared/check-input.ts";
import type { DescribeClient } from "../_shared/client-details.ts";
import type { EndpointRequest } from "../_shared/endpoint.ts";
import { PaymentError } from "../_shared/errors.ts";
import { refusalError } from "../_shared/guard-refusal.ts";
import { parseJson } from "../_shared/parse-json.ts";
import { type Answer, ok } from "../_shared/respond.ts";
import { toStripeFailure } from "../_shared/stripe-failure.ts";
import { validate } from "../_shared/validate.ts";
import { type PortalRequest, portalSchema } from "./request.ts";
import type { Decision, PortalStore } from "./store.ts";

export interface Dependencies {
  auth: Authenticator;
  store: PortalStore;
  stripe: Stripe;
  allowedOrigins: readonly string[];
  addressHash: AddressHash;
  describeClient: DescribeClient;
}

/** Authenticate → validate → authorise (one RPC) → act (Stripe) → record (one RPC) → respond. */
export async function handle(request: EndpointRequest, deps: Dependencies): Promise<Answer> {
  const { requestId } = request;
  const caller = await authenticate(request.headers, deps.auth);
  const body = await checkInput(
    caller,
    deps.store.sessionIsLive,
    () => validate(portalSchema(deps.allowedOrigins), parseJson(request.body)),
  );
  const decision = await deps.store.authorize(
    caller,
    body,
    await deps.addressHash(request.headers),
    await deps.describeClient(request.headers, requestId),
    requestId,
  );
  if (decision.decision === "refuse") throw refusalOf(decision);

  const session = await deps.stripe.billingPortal.sessions.create(parameters(body, decision))
    .catch((error: unknown) => {
      throw toStripeFailure(error, "create a portal session");
    });
  await deps.store.record(caller, decision.customer_id, requestId);
  return ok({ url: session.url });
}

function refusalOf(refusal: Extract<Decision, { decision: "refuse" }>): PaymentError {
  switch (refusal.code) {
    case "no_customer":
    case "no_subscription":
      return new PaymentError(refusal.code);
    default:
      return refusalError(refusal);
  }
}

function parameters(
  { return_url, flow }: PortalRequest,
  decision: Extract<Decision, { decision: "proceed" }>,
): Stripe.BillingPortal.SessionCreateParams {
  const base = { customer: decision.customer_id, return_url };
  if (flow === "update_payment_method") {
    return { ...base, flow_data: { type: "payment_method_update" } };
  }
  if (flow === "cancel" && decision.subscription_id !== null) {
    const subscription_cancel = { subscription: decision.subscription_id };
    return { ...base, flow_data: { type: "subscription_cancel", subscription_cancel } };
  }
  return base;
}
