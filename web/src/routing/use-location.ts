import { useSyncExternalStore } from "react";
import { currentLocation, onLocationChange, type ShopLocation } from "./location-store.ts";

/** The current location, kept up to date. */
export function useLocation(): ShopLocation {
  return useSyncExternalStore(onLocationChange, currentLocation);
}
