import type { BrowserContext, Response } from "playwright-core";

/** What a browser did on the network. */
export interface Traffic {
  /** Every address asked for, whatever came of it. */
  readonly urls: readonly URL[];
  /** The text of every script and page that arrived from this origin. */
  codeFrom(origin: string): Promise<readonly { url: string; text: string }[]>;
  /** How often an address whose path ends like this was called with POST. */
  posts(pathEnd: string): number;
}

const codeTypes: ReadonlySet<string> = new Set(["script", "document", "stylesheet"]);

/** Writes down all requests of a browser context from now on. */
export function recordTraffic(context: BrowserContext): Traffic {
  const urls: URL[] = [];
  const posted: string[] = [];
  const bodies: Promise<{ url: string; text: string }>[] = [];
  context.on("request", (request) => {
    const url = new URL(request.url());
    urls.push(url);
    if (request.method() === "POST") posted.push(url.pathname);
  });
  context.on("response", (response) => {
    if (codeTypes.has(response.request().resourceType())) bodies.push(bodyOf(response));
  });
  return {
    urls,
    codeFrom: async (origin) =>
      (await Promise.all(bodies)).filter(({ url }) => new URL(url).origin === origin),
    posts: (pathEnd) => posted.filter((path) => path.endsWith(pathEnd)).length,
  };
}

/** A redirect has no body, and one the page has left may be gone: neither ran any code. */
async function bodyOf(response: Response): Promise<{ url: string; text: string }> {
  return { url: response.url(), text: await response.text().catch(() => "") };
}
