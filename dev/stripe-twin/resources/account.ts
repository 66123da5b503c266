import { z } from "zod";
import { endpoint } from "../engine/endpoint.ts";
import type { Account } from "../objects/types.ts";

/** The twin's account: always in test mode, with nothing left to set up. */
const account: Account = {
  id: "acct_1TwinAccount0000",
  object: "account",
  business_type: "company",
  capabilities: { card_payments: "active", transfers: "active" },
  charges_enabled: true,
  country: "US",
  created: 1_700_000_000,
  default_currency: "usd",
  details_submitted: true,
  email: "twin@example.com",
  external_accounts: {
    object: "list",
    data: [],
    has_more: false,
    url: "/v1/accounts/acct_1TwinAccount0000/external_accounts",
  },
  metadata: {},
  payouts_enabled: true,
  type: "standard",
};

export const accountEndpoints = [
  endpoint({
    method: "GET",
    path: "/v1/account",
    params: z.strictObject({}),
    handle: () => account,
  }),
  endpoint({
    method: "GET",
    path: "/v1/accounts/:id",
    params: z.strictObject({}),
    handle: () => account,
  }),
];
