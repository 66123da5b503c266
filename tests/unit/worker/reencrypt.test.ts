import { describe, expect, it } from "vitest";
import { decryptField, encryptField } from "../../../supabase/functions/_shared/encrypt-field.ts";
import type { OutdatedValue } from "../../../supabase/functions/payments-worker/store.ts";
import { reencryptTask } from "../../../supabase/functions/payments-worker/tasks/reencrypt.ts";
import { utf8 } from "../../support/sign-event.ts";

const OLD = { id: "k1", base64: btoa("0123456789abcdef0123456789abcdef") };
const NEW = { id: "k2", base64: btoa("fedcba9876543210fedcba9876543210") };
const RUN = { requestId: "r", log: () => {}, forced: false };

function place(row: string) {
  return { table: "client_details", column: "encrypted_details", row };
}

/** A table of encrypted values that compares before it replaces, as the database does. */
async function fakeTable(size: number) {
  const rows = new Map<string, string>();
  for (let index = 0; index < size; index++) {
    const row = String(index).padStart(5, "0");
    rows.set(row, await encryptField([OLD], place(row), utf8(`secret ${row}`)));
  }
  const table = {
    rows,
    claims: 0,
    replaced: 0,
    /** The database goes away after this many replacements. */
    diesAfter: Infinity,
    store: {
      noteEncryptionKeys: () => Promise.resolve(undefined),
      claimOutdatedValues: (ids: string[], after: string, limit: number) => {
        table.claims++;
        const outdated = [...rows].filter(([row, value]) =>
          row > after && ids.slice(1).includes(value.split(".")[1] ?? "")
        );
        return Promise.resolve(
          outdated.slice(0, limit).map(([row, value]): OutdatedValue => ({
            stored_in: "client_details",
            table_name: "client_details",
            column_name: "encrypted_details",
            row_id: row,
            value,
          })),
        );
      },
      replaceEncryptedValues: (values: (OutdatedValue & { new_value: string })[]) => {
        if (table.replaced >= table.diesAfter) return Promise.reject(new Error("gone"));
        let changed = 0;
        for (const { row_id, value, new_value } of values) {
          if (rows.get(row_id) !== value) continue;
          rows.set(row_id, new_value);
          changed++;
        }
        table.replaced += changed;
        return Promise.resolve(changed);
      },
    },
  };
  return table;
}

type Table = Awaited<ReturnType<typeof fakeTable>>;

function rotate(table: Table, keys = [NEW, OLD]) {
  return reencryptTask({ store: table.store, keys, now: () => 0 })(RUN);
}

function countOld(table: Table): number {
  return [...table.rows.values()].filter((value) => value.startsWith("v1.k1.")).length;
}

describe("key rotation", () => {
  it("4.2a brings every value to the current key, and each is still readable", async () => {
    const table = await fakeTable(450);
    expect(await rotate(table)).toMatchObject({ done: 450, failed: 0 });
    expect(countOld(table)).toBe(0);
    for (const [row, value] of table.rows) {
      expect(await decryptField([NEW], place(row), value)).toEqual(utf8(`secret ${row}`));
    }
  });

  it("4.2a goes on where it was stopped, and does nothing twice", async () => {
    const table = await fakeTable(450);
    table.diesAfter = 200;
    await expect(rotate(table)).rejects.toThrow("gone");
    expect(countOld(table)).toBe(250);
    table.diesAfter = Infinity;
    expect(await rotate(table)).toMatchObject({ done: 250, failed: 0 });
    expect(await rotate(table)).toMatchObject({ done: 0, failed: 0 });
    expect(table.replaced).toBe(450);
  });

  it("4.2a leaves a value that was changed, reports it and goes on with the others", async () => {
    const table = await fakeTable(3);
    const moved = table.rows.get("00000") ?? "";
    table.rows.set("00001", moved);
    expect(await rotate(table)).toMatchObject({ done: 2, failed: 1 });
    expect(table.rows.get("00001")).toBe(moved);
  });

  it("4.2a asks the database for nothing while there is one key", async () => {
    const table = await fakeTable(1);
    await rotate(table, [OLD]);
    expect(table.claims).toBe(0);
  });
});
