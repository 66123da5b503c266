/** Where the visitor is, as far as the shop cares. */
export interface ShopLocation {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly hash: string;
}

const listeners = new Set<() => void>();
let current = readLocation();

globalThis.addEventListener("popstate", refresh);

function readLocation(): ShopLocation {
  const { pathname, search, hash } = globalThis.location;
  return { path: pathname, query: new URLSearchParams(search), hash };
}

function refresh(): void {
  current = readLocation();
  for (const listener of listeners) listener();
}

/** The current location; the same object until it changes. */
export function currentLocation(): ShopLocation {
  return current;
}

/** Calls back at every change of the location; returns the way to stop. */
export function onLocationChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Goes to another page of the shop.
 *
 * @param to A path of this origin, with its query and fragment.
 * @param how `replace` leaves no step to come back to.
 */
export function navigate(to: string, how: "push" | "replace" = "push"): void {
  if (how === "push") globalThis.history.pushState(null, "", to);
  else globalThis.history.replaceState(null, "", to);
  refresh();
}
