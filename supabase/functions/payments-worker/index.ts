import { createAuditSigner } from "../_shared/audit/key-ring.ts";
import type { Config } from "../_shared/config.ts";
import { createRpc } from "../_shared/database.ts";
import { decryptField } from "../_shared/encrypt-field.ts";
import { endpoint } from "../_shared/endpoint.ts";
import { readEnvironment } from "../_shared/environment-variables.ts";
import { once } from "../_shared/once.ts";
import { createMessageSigner } from "../_shared/sign-message.ts";
import { createStripe } from "../_shared/stripe-client.ts";
import { readSurroundings } from "../_shared/surroundings.ts";
import { createAnchor } from "./anchor.ts";
import { createAuditStore } from "./audit-store.ts";
import { type Dependencies, handle } from "./handler.ts";
import { createStore } from "./store.ts";
import { allTasks } from "./task.ts";
import { auditPurgeTask } from "./tasks/audit-purge.ts";
import { cardScanTask } from "./tasks/card-scan.ts";
import { detectTask } from "./tasks/detect.ts";
import { endBillingTask } from "./tasks/end-billing.ts";
import { enforceTask } from "./tasks/enforce.ts";
import { notifyTask } from "./tasks/notify.ts";
import { purgeTask } from "./tasks/purge.ts";
import { reencryptTask } from "./tasks/reencrypt.ts";
import { reconcileTask } from "./tasks/reconcile.ts";
import { refundTask } from "./tasks/refund.ts";
import { refreshTask } from "./tasks/refresh.ts";
import { retryTask } from "./tasks/retry.ts";
import { sealTask } from "./tasks/seal.ts";
import { verifyTask } from "./tasks/verify.ts";

const NAME = "payments-worker";
const MAX_BODY_BYTES = 4 * 1024;

function build(config: Config): Dependencies {
  const stripe = createStripe(config);
  const rpc = createRpc(config);
  const store = createStore(rpc);
  const auditStore = createAuditStore(rpc);
  const keys = config.auditPublicKeys;
  const signer = createAuditSigner(config.auditSigningKey, keys);
  const accountId = once(async () => (await stripe.accounts.retrieveCurrent()).id);
  const now = Date.now;
  const decryptBody = (eventId: string, value: string) =>
    decryptField(
      config.encryptionKeys,
      { table: "processed_events", column: "encrypted_body", row: eventId },
      value,
    );
  const sink = (url: string, secret: string) =>
    url === "" ? null : { url, sign: secret === "" ? null : createMessageSigner(secret) };
  return {
    workerKey: config.databaseKey,
    readMetrics: store.readMetrics,
    tasks: {
      retry: allTasks(
        enforceTask({ stripe, store, accountId, now }),
        retryTask({ stripe, store, decryptBody, now }),
        endBillingTask({ stripe, store, accountId, now }),
        refundTask({ stripe, store, accountId, now }),
      ),
      refresh: refreshTask({ stripe, store, accountId, now }),
      reconcile: reconcileTask({ stripe, store, accountId, livemode: config.livemode, now }),
      seal: sealTask({
        store: auditStore,
        signer,
        anchor: createAnchor(config, { fetch, now }),
        now,
      }),
      detect: detectTask({ store, now }),
      notify: notifyTask({
        store,
        events: sink(config.outboxUrl, config.outboxSecret),
        alerts: sink(config.alertUrl, config.alertSecret),
        notices: sink(config.notifyUrl, config.notifySecret),
        fetch,
        now,
      }),
      purge: allTasks(
        purgeTask({ store, now }),
        auditPurgeTask({ store: auditStore, signer, now }),
        reencryptTask({ store, keys: config.encryptionKeys, now }),
        cardScanTask({ store, now }),
      ),
      verify: verifyTask({ store: auditStore, signer, keys, now }),
    },
  };
}

export default {
  fetch: endpoint({
    name: NAME,
    methods: ["POST"],
    readPaths: ["metrics"],
    maxBodyBytes: MAX_BODY_BYTES,
    browser: false,
    surroundings: readSurroundings(NAME, readEnvironment(), build),
    handle,
  }),
};
