import { Notice } from "../../../ui/notice.tsx";
import { asWords } from "../../format.ts";
import { hrefOf } from "../../routing/use-route.ts";
import type { Overview } from "./read-overview.ts";

/** What stands out before any figure: a kill switch that is thrown. */
export function Standing({ overview: { switches } }: { readonly overview: Overview }) {
  const thrown = Object.entries(switches).filter(([, stop]) => stop).map(([name]) => name);
  if (thrown.length === 0) return null;
  return (
    <Notice tone="bad" title={`Stopped: ${thrown.map(asWords).join(", ")}`}>
      <p>
        {thrown.includes("all") || thrown.includes("checkout")
          ? "Nobody can pay. "
          : "Part of the service refuses. "}
        <a href={hrefOf("switches")}>Kill switches</a>
      </p>
    </Notice>
  );
}
