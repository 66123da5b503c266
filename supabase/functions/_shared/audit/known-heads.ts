import type { DeclaredEpoch } from "./declared-records.ts";
import type { Finding, Head } from "./trail.ts";

/** Compares a chain with heads that were seen before, while it is followed. */
export interface HeadWatch {
  /** To be told of every seal, in order. */
  pass(head: Head): Finding[];
  /** To be told when the chain has been followed to its end. */
  end(newest: Head): Finding[];
  /** Heads that a declared restore explains. */
  lost(): readonly Head[];
}

/** Watches for heads that were remembered, anchored or reported. */
export function watchHeads(
  known: readonly Head[],
  epochs: readonly DeclaredEpoch[],
): HeadWatch {
  const byNumber = Map.groupBy(known, ({ number }) => number);
  const lost: Head[] = [];
  const isExplained = (head: Head) => {
    const explained = epochs.some(({ epoch, commonNumber }) =>
      epoch > head.epoch && head.number > commonNumber
    );
    if (explained) lost.push(head);
    return explained;
  };
  return {
    pass({ number, hash }) {
      const others = (byNumber.get(number) ?? []).filter((head) => head.hash !== hash);
      return others.filter((head) => !isExplained(head))
        .map(() => ({ kind: "head_forked", seal: number }));
    },
    end(newest) {
      const gone = known.filter((head) => head.number > newest.number && !isExplained(head));
      if (gone.length === 0) return [];
      const until = Math.max(...gone.map(({ number }) => number));
      return [{ kind: "head_missing", seal: newest.number + 1, until }];
    },
    lost: () => lost,
  };
}
