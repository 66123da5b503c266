import type { Mutation } from "../mutation.ts";

const TOKENS = ["tests/attack/tokens.test.ts"];
const KEYS = ["tests/attack/stolen-keys.test.ts"];
const INPUT = ["tests/attack/input.test.ts"];
const WRITERS = "supabase/migrations/20261124000700_object_writers.sql";
const CUSTOMERS = "supabase/migrations/20261124001010_customers_for_checkout.sql";
const RESULTS = "supabase/migrations/20261124001040_checkout_results.sql";
const SYNC = "supabase/migrations/20261124002000_sync_billing.sql";

/** Forged tokens, stolen keys and misleading input: each line that stops them. */
export const IDENTITY_ATTACK_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "5.1a",
    what: "answers a token that is none as if the server were down",
    file: "supabase/functions/_shared/supabase-auth.ts",
    find: "client.auth.getClaims(token).catch(notAToken);",
    replace: "client.auth.getClaims(token);",
    tests: TOKENS,
    name: "answers 401 to whatever is not a genuine token",
  },
  {
    requirement: "5.1a",
    what: "waits for the Auth server as long as it likes",
    file: "supabase/functions/_shared/supabase-auth.ts",
    find: "const TIMEOUT_MS = 5_000;",
    replace: "const TIMEOUT_MS = 50_000;",
    tests: TOKENS,
    name: "an Auth server that hangs",
  },
  {
    requirement: "5.1b",
    what: "tells somebody who is signed out what is wrong with the body",
    file: "supabase/functions/_shared/check-input.ts",
    find:
      'if (!await sessionIsLive(caller)) throw new PaymentError("session_ended", { cause: error });',
    replace: "",
    tests: TOKENS,
    name: "answers 401 before it says what is wrong",
  },
  {
    requirement: "5.3b",
    what: "answers at any path",
    file: "supabase/functions/_shared/endpoint.ts",
    find: "return paths.includes(path) ? methods : undefined;",
    replace: "return paths.length > 0 ? methods : undefined;",
    tests: TOKENS,
    name: "answers 404 below its own path",
  },
  {
    requirement: "5.2b",
    what: "binds a customer that has a history",
    file: CUSTOMERS,
    find:
      "    or exists (select from payments.invoices as t where t.customer_id = p_customer_id)\n",
    replace: "",
    tests: KEYS,
    name: "binds no customer that has a history",
  },
  {
    requirement: "5.2b",
    what: "takes a ticket that was never issued",
    file: "supabase/migrations/20261124000900_refresh.sql",
    find: "if p_ticket > (select t.last_value from payments_private.ticket_numbers as t) then",
    replace: "if false then",
    tests: KEYS,
    name: "freezes no session",
  },
  {
    requirement: "5.2b",
    what: "records a session of another reservation as replaced",
    file: RESULTS,
    find: "if not found or reservation.session_id <> made_id\n",
    replace: "if not found\n",
    tests: KEYS,
    name: "writes no session of another",
  },
  {
    requirement: "5.2b",
    what: "releases an open session",
    file: RESULTS,
    find: "if reservation.state = 'reserved' and reservation.session_id is null then",
    replace: "if reservation.state in ('reserved', 'open') then",
    tests: KEYS,
    name: "releases nobody's open session",
  },
  {
    requirement: "5.2b",
    what: "syncs objects of another customer",
    file: SYNC,
    find: "if not payments_private.belongs_to(fetched, p_result ->> 'customer_id') then",
    replace: "if false then",
    tests: KEYS,
    name: "writes no object of another customer",
  },
  {
    requirement: "4.1a",
    what: "looks for card numbers inside UUIDs",
    file: "supabase/functions/_shared/card-number.ts",
    find: '.replace(UUID, " ")',
    replace: "",
    tests: INPUT,
    name: "a hundred thousand random UUIDs",
  },
  {
    requirement: "decision 9",
    what: "leaves a lookup key with the price that lost it",
    file: WRITERS,
    find: "  update payments.prices as o set lookup_key = null\n  where o.lookup_key",
    replace: "  update payments.prices as o set lookup_key = null\n  where false and o.lookup_key",
    tests: INPUT,
    name: "a lookup key that moved",
  },
  {
    requirement: "decision 9",
    what: "sells a price by the package at the price of one",
    file: "supabase/migrations/20261124001020_price_checkout.sql",
    find: "        or transforms_quantity\n",
    replace: "",
    tests: INPUT,
    name: "a price that sells by the package",
  },
  {
    requirement: "decision 3",
    what: "leaves out the items beyond a subscription's first page",
    file: "supabase/functions/_shared/fetch-subscription.ts",
    find: "if (!subscription.items.has_more) return subscription;",
    replace: "return { ...subscription, items: { ...subscription.items, has_more: false } };",
    tests: INPUT,
    name: "all items are fetched",
  },
];
