import { expect, test } from "vitest";
import { failed, networkFailure, succeeded } from "../../../web/src/api/failure.ts";
import { AttemptKeys, type KeyStore } from "../../../web/src/checkout/attempt-keys.ts";

function freshKeys(): AttemptKeys {
  const values = new Map<string, string>();
  const store: KeyStore = {
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => void values.set(name, value),
    removeItem: (name) => void values.delete(name),
  };
  let count = 0;
  return new AttemptKeys(store, () => `key-${++count}`);
}

test("keeps the key while nobody knows what became of the attempt", () => {
  const keys = freshKeys();
  const first = keys.keyFor("order");
  keys.settle("order", failed(networkFailure));
  expect(keys.keyFor("order")).toBe(first);
  keys.settle("order", failed({ code: "stripe_failed", status: 502 }));
  expect(keys.keyFor("order")).toBe(first);
});

test("takes a new key after an answer", () => {
  const keys = freshKeys();
  const first = keys.keyFor("order");
  keys.settle("order", succeeded("url"));
  const second = keys.keyFor("order");
  keys.settle("order", failed({ code: "idempotency_conflict", status: 409 }));
  expect(new Set([first, second, keys.keyFor("order")]).size).toBe(3);
});

test("keeps the attempts of two orders apart", () => {
  const keys = freshKeys();
  expect(keys.keyFor("one")).not.toBe(keys.keyFor("two"));
});
