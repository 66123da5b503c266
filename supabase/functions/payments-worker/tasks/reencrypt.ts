import type { EncryptionKey } from "../../_shared/config.ts";
import { decryptField, encryptField } from "../../_shared/encrypt-field.ts";
import { once } from "../../_shared/once.ts";
import { errorCode } from "../error-code.ts";
import type { OutdatedValue, WorkerStore } from "../store.ts";
import type { Task, TaskRun } from "../task.ts";

const BATCH = 200;
const BUDGET_MS = 20_000;

export interface ReencryptDependencies {
  store: Pick<
    WorkerStore,
    "noteEncryptionKeys" | "claimOutdatedValues" | "replaceEncryptedValues"
  >;
  /** Current first. */
  keys: readonly EncryptionKey[];
  now: () => number;
}

/**
 * Encrypts anew, with the current key, what an older key of the ring encrypted. Stopped anywhere, it
 * goes on with what is left: a value's own key id says whether it is done, and a value that somebody
 * changed meanwhile is not replaced. With one key in the ring it asks the database nothing.
 */
export function reencryptTask({ store, keys, now }: ReencryptDependencies): Task {
  const keyIds = keys.map(({ id }) => id);
  const noteKeys = once(() => store.noteEncryptionKeys(keyIds));
  return async (run) => {
    const startedAt = now();
    let done = 0;
    let failed = 0;
    let after = "";
    await noteKeys();
    while (keys.length > 1 && now() - startedAt < BUDGET_MS) {
      const values = await store.claimOutdatedValues(keyIds, after, BATCH);
      const renewed = (await Promise.all(values.map((value) => renew(keys, value, run))))
        .filter((value) => value !== null);
      failed += values.length - renewed.length;
      if (renewed.length > 0) done += await store.replaceEncryptedValues(renewed);
      if (values.length < BATCH) break;
      after = values.at(-1)?.row_id ?? after;
    }
    return { done, failed, ms: now() - startedAt };
  };
}

/** Null: it was changed or moved, so no key reads it any more. It stays as it is, for whoever looks into that. */
async function renew(
  keys: readonly EncryptionKey[],
  outdated: OutdatedValue,
  { log }: TaskRun,
): Promise<(OutdatedValue & { new_value: string }) | null> {
  const { table_name: table, column_name: column, row_id: row, value } = outdated;
  const location = { table, column, row };
  try {
    const plaintext = await decryptField(keys, location, value);
    return { ...outdated, new_value: await encryptField(keys, location, plaintext) };
  } catch (error) {
    log("error", "a value cannot be decrypted", {
      object_kind: `${table}.${column}`,
      object_id: row,
      detail: errorCode(error),
    });
    return null;
  }
}
