import { createBlindIndex } from "./blind-index.ts";
import { clientAddress } from "./client-address.ts";

/** Keyed hash of the address a request came from; null where no proxy names one. */
export type AddressHash = (headers: Headers) => Promise<string | null>;

/** The address itself goes no further than this. */
export function createAddressHash(hashKey: string): AddressHash {
  const blindIndex = createBlindIndex(hashKey);
  return async (headers) => {
    const address = clientAddress(headers);
    return address === null ? null : await blindIndex(address);
  };
}
