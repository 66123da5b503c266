import { createAddressHash } from "../_shared/address-hash.ts";
import { createClientDetails } from "../_shared/client-details.ts";
import { createRpc } from "../_shared/database.ts";
import { endpoint } from "../_shared/endpoint.ts";
import { readEnvironment } from "../_shared/environment-variables.ts";
import { fingerprint } from "../_shared/hex.ts";
import { createStripe } from "../_shared/stripe-client.ts";
import { createAuthenticator } from "../_shared/supabase-auth.ts";
import { readSurroundings } from "../_shared/surroundings.ts";
import { type Dependencies, handle } from "./handler.ts";
import { createStore } from "./store.ts";

const NAME = "create-checkout";
const MAX_BODY_BYTES = 16 * 1024;

const surroundings = readSurroundings(NAME, readEnvironment(), (config): Dependencies => ({
  auth: createAuthenticator(config, () => Math.floor(Date.now() / 1000)),
  store: createStore(createRpc(config), fingerprint(config.databaseKey)),
  stripe: createStripe(config),
  addressHash: createAddressHash(config.hashKey),
  describeClient: createClientDetails(config.encryptionKeys),
  allowedOrigins: config.allowedOrigins,
  countryHeader: config.countryHeader,
}));

export default {
  fetch: endpoint({
    name: NAME,
    methods: ["POST"],
    maxBodyBytes: MAX_BODY_BYTES,
    browser: true,
    surroundings,
    handle,
  }),
};
