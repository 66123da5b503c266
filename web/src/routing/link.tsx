import type { AnchorHTMLAttributes, MouseEvent, ReactNode } from "react";
import { navigate } from "./location-store.ts";

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly to: string;
  readonly children: ReactNode;
}

/** A link within the shop: an ordinary anchor that changes the page without loading it anew. */
export function Link({ to, children, ...rest }: LinkProps) {
  return <a {...rest} href={to} onClick={(event) => follow(event, to)}>{children}</a>;
}

function follow(event: MouseEvent, to: string): void {
  // New tab, new window, download: the browser's own business.
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
    return;
  }
  event.preventDefault();
  navigate(to);
}
