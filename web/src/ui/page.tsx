import { type ReactNode, useEffect } from "react";

interface PageProps {
  /** The window's title, before the shop's name. */
  readonly title: string;
  readonly children: ReactNode;
  readonly width?: "narrow" | "wide";
}

/** A page's frame: sets the window's title and holds the content at its width. */
export function Page({ title, children, width = "narrow" }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Tidepost`;
  }, [title]);
  return <div className={`page page-${width}`}>{children}</div>;
}
