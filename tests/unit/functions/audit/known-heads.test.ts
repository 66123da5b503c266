import { describe, expect, it } from "vitest";
import { watchHeads } from "../../../../supabase/functions/_shared/audit/known-heads.ts";

const head = (number: number, hash: string, epoch = 1) => ({ epoch, number, hash });
const declared = (epoch: number, commonNumber: number) => ({
  epoch,
  commonNumber,
  commonHash: "",
  previous: "",
  hash: "",
});

describe("heads that were seen before", () => {
  it("decision 7: are in the chain, or a finding", () => {
    const watch = watchHeads([head(1, "a"), head(2, "b"), head(9, "i")], []);
    expect(watch.pass(head(1, "a"))).toEqual([]);
    expect(watch.pass(head(2, "x"))).toEqual([{ kind: "head_forked", seal: 2 }]);
    expect(watch.end(head(2, "x"))).toEqual([{ kind: "head_missing", seal: 3, until: 9 }]);
  });

  it("decision 7: only a later epoch explains that one is gone, and only behind the common seal", () => {
    const after = (known: ReturnType<typeof head>[]) => {
      const watch = watchHeads(known, [declared(2, 4)]);
      return [...watch.pass(head(4, "d")), ...watch.end(head(4, "d"))];
    };
    expect(after([head(7, "g")])).toEqual([]);
    expect(after([head(4, "x")])).toEqual([{ kind: "head_forked", seal: 4 }]);
    expect(after([head(7, "g", 2)])).toEqual([{ kind: "head_missing", seal: 5, until: 7 }]);
  });
});
