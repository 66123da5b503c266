import { createRpc } from "../_shared/database.ts";
import { encryptField } from "../_shared/encrypt-field.ts";
import { endpoint } from "../_shared/endpoint.ts";
import { readEnvironment } from "../_shared/environment-variables.ts";
import { readSurroundings } from "../_shared/surroundings.ts";
import { createSignatureVerifier } from "../_shared/verify-signature.ts";
import { createWorkerWaker } from "../_shared/wake-worker.ts";
import { type Dependencies, handle } from "./handler.ts";
import { createStore } from "./store.ts";

const NAME = "stripe-webhook";
const MAX_BODY_BYTES = 1024 * 1024;

const surroundings = readSurroundings(NAME, readEnvironment(), (config): Dependencies => ({
  verifySignature: createSignatureVerifier(config.webhookSecrets),
  ingestEvent: createStore(createRpc(config)),
  encryptBody: (eventId, body) =>
    encryptField(
      config.encryptionKeys,
      { table: "processed_events", column: "encrypted_body", row: eventId },
      body,
    ),
  livemode: config.livemode,
  nowSeconds: () => Math.floor(Date.now() / 1000),
  nudgeWorker: config.workerKey === "" ? () => {} : createWorkerWaker(config, Date.now),
}));

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
