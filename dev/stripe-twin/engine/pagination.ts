import { invalidRequest, noSuch } from "./errors.ts";

/** Stripe's list object. */
export interface Page<Item> {
  object: "list";
  data: Item[];
  has_more: boolean;
  url: string;
}

/** Cuts one page out of `items` (newest first) by Stripe's cursors. */
export function paginate<Item extends { id: string }>(
  items: Item[],
  cursor: {
    limit?: number | undefined;
    starting_after?: string | undefined;
    ending_before?: string | undefined;
  },
  url: string,
): Page<Item> {
  const limit = cursor.limit ?? 10;
  if (limit < 1 || limit > 100) {
    throw invalidRequest(`Invalid limit: must be between 1 and 100`, {
      code: "parameter_invalid_integer",
      param: "limit",
    });
  }
  if (cursor.starting_after !== undefined && cursor.ending_before !== undefined) {
    throw invalidRequest(
      "You may only specify one of these parameters: ending_before, starting_after.",
      {
        param: "starting_after",
      },
    );
  }
  if (cursor.ending_before !== undefined) {
    const end = indexOf(items, cursor.ending_before, "ending_before");
    const start = Math.max(0, end - limit);
    return { object: "list", data: items.slice(start, end), has_more: start > 0, url };
  }
  const start = cursor.starting_after === undefined
    ? 0
    : indexOf(items, cursor.starting_after, "starting_after") + 1;
  return {
    object: "list",
    data: items.slice(start, start + limit),
    has_more: start + limit < items.length,
    url,
  };
}

function indexOf(items: { id: string }[], id: string, param: string): number {
  const index = items.findIndex((item) => item.id === id);
  if (index < 0) throw noSuch("object", id, param);
  return index;
}

/** A list that fits on one page. */
export function wholeList<Item>(data: Item[], url: string): Page<Item> {
  return { object: "list", data, has_more: false, url };
}
