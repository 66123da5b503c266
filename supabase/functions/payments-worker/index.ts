import { createRpc } from "../_shared/database.ts";
import { endpoint } from "../_shared/endpoint.ts";
import { readEnvironment } from "../_shared/environment-variables.ts";
import { once } from "../_shared/once.ts";
import { createStripe } from "../_shared/stripe-client.ts";
import { readSurroundings } from "../_shared/surroundings.ts";
import { type Dependencies, handle } from "./handler.ts";
import { refresh } from "./refresh.ts";
import { createStore } from "./store.ts";

const NAME = "payments-worker";
const MAX_BODY_BYTES = 4 * 1024;

const surroundings = readSurroundings(NAME, readEnvironment(), (config): Dependencies => {
  const stripe = createStripe(config);
  const store = createStore(createRpc(config));
  const accountId = once(async () => (await stripe.accounts.retrieveCurrent()).id);
  return {
    workerKey: config.databaseKey,
    tasks: {
      refresh: (requestId, log) =>
        refresh({ stripe, store, accountId, now: Date.now }, requestId, log),
    },
  };
});

export default {
  fetch: endpoint({
    name: NAME,
    methods: ["POST"],
    maxBodyBytes: MAX_BODY_BYTES,
    browser: false,
    surroundings,
    handle,
  }),
};
