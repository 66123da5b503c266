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
import { fetchBilling } from "./fetch-billing.ts";
import { syncSchema } from "./request.ts";
import type { SyncStore } from "./store.ts";

export interface Dependencies {
  auth: Authenticator;
  store: SyncStore;
  stripe: Stripe;
  addressHash: AddressHash;
  describeClient: DescribeClient;
}

/** Authenticate → validate → authorise (one RPC) → act (Stripe) → record (one RPC) → respond. */
export async function handle(request: EndpointRequest, deps: Dependencies): Promise<Answer> {
  const { requestId } = request;
  const caller = await authenticate(request.headers, deps.auth);
  await checkInput(
    caller,
    deps.store.sessionIsLive,
    () => validate(syncSchema, parseJson(request.body)),
  );
  const decision = await deps.store.authorize(
    caller,
    await deps.addressHash(request.headers),
    await deps.describeClient(request.headers, requestId),
    requestId,
  );
  if (decision.decision === "refuse") throw refusalError(decision);
  const { customer_id: customerId, ticket, summary } = decision;
  if (customerId === null) return ok(summary);

  const fetched = await fetchBilling(deps.stripe, customerId).catch((error: unknown) => {
    throw toStripeFailure(error, "fetch the customer's billing");
  });
  const recorded = await deps.store.record(caller, { customerId, ticket, requestId, ...fetched });
  if (!recorded.recorded) throw new PaymentError("forbidden");
  return ok(recorded.summary);
}
