import type { z } from "zod";
import { invalidRequest, missingParam } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import { buildLineItem } from "../objects/build-checkout-session.ts";
import type { LineItem } from "../objects/types.ts";
import type { CheckoutParams, lineItemParam } from "./checkout-params.ts";
import { createPrice } from "./prices.ts";

const lineItemsAtMost = { payment: 100, subscription: 20 };

/** The lines of a new session, with what Stripe refuses refused. */
export function readLineItems(scope: Scope, params: CheckoutParams): LineItem[] {
  const given = params.line_items ?? [];
  if (given.length === 0) throw missingParam("line_items");
  if (given.length > lineItemsAtMost[params.mode]) {
    throw invalidRequest(`You can have at most ${lineItemsAtMost[params.mode]} line items.`, {
      param: "line_items",
    });
  }
  const items = given.map((item, index) => readLineItem(scope, item, index));
  const prices = items.flatMap((item) => item.price ?? []);
  const recurring = prices.filter((price) => price.type === "recurring");
  if (params.mode === "payment" && recurring.length > 0) {
    throw invalidRequest(
      "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.",
      { param: "line_items" },
    );
  }
  if (params.mode === "subscription" && recurring.length === 0) {
    throw invalidRequest(
      "You must provide at least one recurring price in `subscription` mode when using prices.",
      { param: "line_items" },
    );
  }
  if (params.mode === "subscription" && recurring.length < prices.length) {
    throw invalidRequest(
      "The Stripe twin does not mix one-time and recurring prices in one session.",
      {
        param: "line_items",
      },
    );
  }
  if (new Set(prices.map((price) => price.currency)).size > 1) {
    throw invalidRequest("All prices on a Checkout Session must use the same currency.", {
      param: "line_items",
    });
  }
  if (
    new Set(
      recurring.map((price) => `${price.recurring?.interval} ${price.recurring?.interval_count}`),
    ).size > 1
  ) {
    throw invalidRequest(
      "Checkout does not support multiple prices with different billing intervals.",
      {
        param: "line_items",
      },
    );
  }
  refuseTinyTotal(params, items);
  return items;
}

/** Stripe's least charge is 50 cents; nothing at all is free. */
function refuseTinyTotal(params: CheckoutParams, items: LineItem[]): void {
  const total = items.reduce((sum, item) => sum + item.amount_total, 0);
  if (params.mode === "payment" && total > 0 && total < 50) {
    throw invalidRequest(
      "The Checkout Session's total amount due must add up to at least $0.50 usd",
      {
        code: "amount_too_small",
      },
    );
  }
}

function readLineItem(scope: Scope, item: z.output<typeof lineItemParam>, index: number): LineItem {
  const at = `line_items[${index}]`;
  if (item.price !== undefined && item.price_data !== undefined) {
    throw invalidRequest(`You may only specify one of these parameters: price, price_data.`, {
      param: at,
    });
  }
  if (item.quantity === undefined) {
    throw invalidRequest(
      "Quantity is required. Add `quantity` to `" + at + "`",
      { code: "parameter_missing", param: `${at}[quantity]` },
    );
  }
  if (item.quantity < 1 || item.quantity > 999_999) {
    throw invalidRequest("This value must be greater than or equal to 1.", {
      code: "parameter_invalid_integer",
      param: `${at}[quantity]`,
    });
  }
  if (item.price_data !== undefined) {
    return buildLineItem(
      scope,
      createPrice(scope, { ...item.price_data, active: false }),
      item.quantity,
    );
  }
  if (item.price === undefined) throw missingParam(`${at}[price]`);
  const price = scope.store.prices.need(item.price, `${at}[price]`, 400);
  if (!price.active) {
    throw invalidRequest(
      "The price specified is inactive. This field only accepts active prices.",
      {
        param: `${at}[price]`,
      },
    );
  }
  const product = scope.store.products.get(price.product);
  if (product === undefined || !product.active) {
    throw invalidRequest(
      `Price \`${price.id}\` is not available to be purchased because its product is not active.`,
      { param: `${at}[price]` },
    );
  }
  return buildLineItem(scope, price, item.quantity);
}
