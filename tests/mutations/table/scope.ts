import type { Mutation } from "../mutation.ts";

const SCAN = ["tests/unit/house/card-scope.test.ts"];

/** Cards stay with Stripe, and no key of Stripe's reaches a browser. */
export const SCOPE_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "2.2a",
    what: "puts a publishable Stripe key into the shop's page",
    file: "web/index.html",
    find: '<div id="root"></div>',
    replace: '<div id="root" data-key="pk_test_123"></div>',
    tests: SCAN,
    name: "uses no publishable Stripe key",
  },
  {
    requirement: "6.1a",
    what: "loads Stripe.js into the shop's page",
    file: "web/index.html",
    find: '<div id="root"></div>',
    replace: '<div id="root"></div><script src="https://js.stripe.com/v3/"></script>',
    tests: SCAN,
    name: "loads nothing of Stripe's into a page",
  },
  {
    requirement: "6.1b",
    what: "puts a card field into the shop's page",
    file: "web/index.html",
    find: '<div id="root"></div>',
    replace: '<div id="root"></div><input autocomplete="cc-number">',
    tests: SCAN,
    name: "has no field for card data",
  },
  {
    requirement: "6.1c",
    what: "adds a column for card numbers",
    file: "supabase/migrations/20261124000500_billing.sql",
    find: "  failure_code text,",
    replace: "  failure_code text,\n  card_number text,",
    tests: SCAN,
    name: "has no column for card data",
  },
  {
    requirement: "6.1b",
    what: "lets card-shaped input through",
    file: "supabase/functions/_shared/validate.ts",
    find: "if (hasCardNumber(body)) {",
    replace: "if (false) {",
    tests: ["tests/unit/functions/input.test.ts"],
    name: "refuses a card number in every field",
  },
  {
    requirement: "6.1c",
    what: "keeps everything Stripe says of a customer",
    file: "supabase/functions/_shared/projections/customer.ts",
    find: "z.object({",
    replace: "z.looseObject({",
    tests: ["tests/unit/functions/projections.test.ts"],
    name: "drops everything else",
  },
];
