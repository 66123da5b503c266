import { safePath } from "../routing/safe-path.ts";
import { useLocation } from "../routing/use-location.ts";

/** Where to go once signed in, and the same for the links between the two forms. */
export function useNextPath(): { readonly next: string; readonly query: string } {
  const { query } = useLocation();
  const asked = query.get("next");
  const next = safePath(asked, "/account");
  return { next, query: asked === null ? "" : `?${new URLSearchParams({ next })}` };
}
