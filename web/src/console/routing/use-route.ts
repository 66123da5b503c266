import { useSyncExternalStore } from "react";

/** Where the operator is: the page's name, what follows it, and the query. All of it is in the fragment. */
export interface Route {
  readonly page: string;
  readonly id: string | undefined;
  readonly query: URLSearchParams;
}

let current = readRoute();

function readRoute(): Route {
  const { path, search } = splitHash(globalThis.location.hash);
  const [page = "", id] = path.split("/").filter((part) => part !== "").map(decodePart);
  return { page: page === "" ? "overview" : page, id, query: new URLSearchParams(search) };
}

function splitHash(hash: string): { path: string; search: string } {
  const text = hash.replace(/^#/, "");
  const mark = text.indexOf("?");
  return mark < 0
    ? { path: text, search: "" }
    : { path: text.slice(0, mark), search: text.slice(mark + 1) };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function listen(listener: () => void): () => void {
  const refresh = () => {
    current = readRoute();
    listener();
  };
  globalThis.addEventListener("hashchange", refresh);
  return () => globalThis.removeEventListener("hashchange", refresh);
}

/** The current route; a static host needs to know nothing of it. */
export function useRoute(): Route {
  return useSyncExternalStore(listen, () => current);
}

/** The address of a page of the console. */
export function hrefOf(
  page: string,
  id?: string,
  query?: Readonly<Record<string, string>>,
): string {
  const search = query === undefined ? "" : `?${new URLSearchParams({ ...query })}`;
  return `#/${page}${id === undefined ? "" : `/${encodeURIComponent(id)}`}${search}`;
}

/** Goes to a page of the console. */
export function goTo(page: string, id?: string, query?: Readonly<Record<string, string>>): void {
  globalThis.location.hash = hrefOf(page, id, query);
}
