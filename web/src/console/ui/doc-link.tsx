import type { ReactNode } from "react";
import { hrefOf } from "../routing/use-route.ts";

/** `docs/alerts.md#dead_letter` → its place in the console. */
export function docsHref(path: string): string {
  const [page = "", at] = path.replace(/^docs\//, "").split("#");
  return hrefOf("runbook", page, at === undefined ? undefined : { at });
}

/** A page of the documentation, shown in the console. */
export function DocLink(
  { path, children }: { readonly path: string; readonly children: ReactNode },
) {
  return <a href={docsHref(path)}>{children}</a>;
}
