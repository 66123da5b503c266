import { type ReactNode, useEffect } from "react";
import type { Live } from "../api/use-live.ts";
import { Moment } from "../ui/moment.tsx";

interface PageProps {
  readonly title: string;
  readonly children: ReactNode;
  /** One sentence under the title. */
  readonly lead?: ReactNode;
  /** What the page keeps fresh, to say how fresh it is. */
  readonly live?: Live<unknown> | undefined;
  /** Beside the title. */
  readonly aside?: ReactNode;
}

/** A page: its title, how fresh it is, its panels. */
export function Page({ title, children, lead, live, aside }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Payments console`;
  }, [title]);
  return (
    <div className="page-body">
      <div className="page-head">
        <div>
          <h1>{title}</h1>
          {lead !== undefined && <p className="fine">{lead}</p>}
        </div>
        <div className="page-aside">
          {live !== undefined && <Freshness live={live} />}
          {aside}
        </div>
      </div>
      {children}
    </div>
  );
}

function Freshness({ live: { at, failure, reload } }: { readonly live: Live<unknown> }) {
  return (
    <p className={`freshness${failure === undefined ? "" : " freshness-stale"}`}>
      <span className="freshness-dot" aria-hidden="true" />
      <span>
        {at === undefined ? "Loading" : (
          <>
            Updated <Moment at={at} />
          </>
        )}
      </span>
      <button type="button" className="link" onClick={() => void reload()}>Refresh</button>
    </p>
  );
}
