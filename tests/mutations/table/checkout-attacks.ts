import type { Mutation } from "../mutation.ts";

const GUARD = "supabase/migrations/20261124001030_checkout_guard.sql";
const RESULTS = "supabase/migrations/20261124001040_checkout_results.sql";
const FAILURES = "supabase/functions/_shared/stripe-failure.ts";
const DOUBLE_PURCHASE = ["tests/attack/double-purchase.test.ts"];

/** What a hostile review of the checkout found open: each line that closed a hole. */
export const CHECKOUT_ATTACK_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "decision 8",
    what: "asks for subscriptions before the slots are cleared",
    file: GUARD,
    find: `    perform payments_private.free_settled_slots(p_user_id);
    if payments_private.has_live_subscription(p_user_id, wanted.items) then
      return '{"decision": "refuse", "code": "already_subscribed"}';
    end if;
`,
    replace: `    if payments_private.has_live_subscription(p_user_id, wanted.items) then
      return '{"decision": "refuse", "code": "already_subscribed"}';
    end if;
    perform payments_private.free_settled_slots(p_user_id);
`,
    tests: DOUBLE_PURCHASE,
    name: "arrives while the guard looks at the slots",
  },
  {
    requirement: "decision 8",
    what: "lets a second session take over an open reservation",
    file: RESULTS,
    find:
      "if reservation.state not in ('reserved', 'open') or reservation.session_id <> made_id then",
    replace: "if reservation.state not in ('reserved', 'open') then",
    tests: DOUBLE_PURCHASE,
    name: "of two sessions for one reservation",
  },
  {
    requirement: "decision 8",
    what: "leaves a session that was not recorded open at Stripe",
    file: "supabase/functions/create-checkout/handler.ts",
    find: "await closeSession(deps.stripe, session.id).catch((error: unknown) => {",
    replace: "await Promise.resolve().catch((error: unknown) => {",
    tests: DOUBLE_PURCHASE,
    name: "of two sessions for one reservation",
  },
  {
    requirement: "decision 8",
    what: "takes every server error for a saved one",
    file: FAILURES,
    find: `(error.statusCode ?? 0) >= 500 &&
    new Headers(error.headers ?? {}).get("idempotent-replayed") === "true";`,
    replace: "(error.statusCode ?? 0) >= 500;",
    tests: DOUBLE_PURCHASE,
    name: "a server error that Stripe did not save",
  },
  {
    requirement: "decision 8",
    what: "makes another customer after any server error",
    file: FAILURES,
    find: `(error.statusCode ?? 0) >= 500 &&
    new Headers(error.headers ?? {}).get("idempotent-replayed") === "true";`,
    replace: "(error.statusCode ?? 0) >= 500;",
    tests: DOUBLE_PURCHASE,
    name: "make no second customer",
  },
  {
    requirement: "decision 8",
    what: "takes a refused key for a refused request",
    file: FAILURES,
    find: "return [400, 402, 404].includes(error.statusCode ?? 0);",
    replace: "return [400, 401, 402, 403, 404].includes(error.statusCode ?? 0);",
    tests: DOUBLE_PURCHASE,
    name: "from Stripe says nothing about the session",
  },
  {
    requirement: "decision 8",
    what: "releases a reservation whose session is known",
    file: RESULTS,
    find: "if reservation.state = 'reserved' and reservation.session_id is null then",
    replace: "if reservation.state in ('reserved', 'open') then",
    tests: DOUBLE_PURCHASE,
    name: "a 404 for a session that is known",
  },
  {
    requirement: "I7",
    what: "forgets an idempotency key's session once its time is over",
    file: GUARD,
    find: "  elsif held.state in ('reserved', 'open') then\n",
    replace: "  elsif held.state in ('reserved', 'open') and held.expires_at > now() then\n",
    tests: DOUBLE_PURCHASE,
    name: "a key whose session was paid",
  },
  {
    requirement: "decision 8",
    what: "keeps what was reserved under a deleted customer",
    file: "supabase/migrations/20261124000700_object_writers.sql",
    find: "where c.id = p_object_id and r.state = 'reserved' and r.session_id is null;",
    replace: "where false and c.id = p_object_id and r.state = 'reserved';",
    tests: DOUBLE_PURCHASE,
    name: "nobody is locked out when the customer is deleted",
  },
];
