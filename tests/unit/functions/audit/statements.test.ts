import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type EpochStatement,
  readStatement,
  type SealStatement,
  writeStatement,
} from "../../../../supabase/functions/_shared/audit/statements.ts";

const SEAL: SealStatement = {
  epoch: 1,
  number: 42,
  month: "2026-11",
  count: 1000,
  root: "a".repeat(64),
  previous: "0".repeat(64),
  sealed_at: "2026-11-24T09:00:00.000Z",
  key: "k1",
};
const TEXT = `payments audit seal v1
epoch 1
number 42
month 2026-11
count 1000
root ${"a".repeat(64)}
previous ${"0".repeat(64)}
sealed_at 2026-11-24T09:00:00.000Z
key k1
`;

describe("signed statements", () => {
  it("8.3b a seal is written in exactly one way", () => {
    expect(writeStatement("seal", SEAL)).toBe(TEXT);
    expect(readStatement("seal", TEXT)).toEqual(SEAL);
  });

  it.each([
    ["another title", TEXT.replace("seal v1", "seal v2")],
    ["another kind", TEXT.replace("audit seal", "audit purge")],
    ["a line more", `${TEXT}note hello\n`],
    ["an empty line", TEXT.replace("epoch", "\nepoch")],
    ["no last line feed", TEXT.slice(0, -1)],
    ["another order", TEXT.replace("epoch 1\nnumber 42\n", "number 42\nepoch 1\n")],
    ["a line twice", TEXT.replace("epoch 1\n", "epoch 1\nepoch 1\n")],
    ["a leading zero", TEXT.replace("number 42", "number 042")],
    ["a sign", TEXT.replace("number 42", "number +42")],
    ["upper-case hex", TEXT.replace("a".repeat(64), "A".repeat(64))],
    ["a carriage return", TEXT.replaceAll("\n", "\r\n")],
    ["two spaces", TEXT.replace("key k1", "key  k1")],
    ["a month that is none", TEXT.replace("2026-11\n", "2026-13\n")],
    ["a time zone", TEXT.replace("00.000Z", "00.000+00:00")],
  ])("8.3b %s is no statement", (_what, text) => {
    expect(readStatement("seal", text)).toBeNull();
  });

  it("8.3b what an operator writes cannot forge a line", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (operator, reason) => {
        const declared: EpochStatement = {
          epoch: 2,
          common_number: 1,
          common_hash: "b".repeat(64),
          last_number: 1,
          previous: "c".repeat(64),
          declared_at: "2026-11-24T09:00:00.000Z",
          operator,
          reason,
          key: "k1",
        };
        const text = writeStatement("epoch", declared);
        expect(text.split("\n")).toHaveLength(11);
        expect(readStatement("epoch", text)).toEqual(declared);
      }),
      { numRuns: 30 },
    );
  });
});
