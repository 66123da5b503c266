import { type ReactNode, useId } from "react";

interface PanelProps {
  readonly title: string;
  readonly children: ReactNode;
  /** Beside the title: a button, a count, a link. */
  readonly aside?: ReactNode;
  readonly className?: string;
}

/** A titled box of a page, a region of its own for screen readers. */
export function Panel({ title, children, aside, className = "" }: PanelProps) {
  const id = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>{title}</h2>
        {aside !== undefined && <div className="panel-aside">{aside}</div>}
      </div>
      {children}
    </section>
  );
}
