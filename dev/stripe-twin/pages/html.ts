/** Markup that is safe to put in a page as it is. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = Html | number | string | null | readonly Html[];

/** A template whose values are escaped unless they are markup already. */
export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
  let text = parts[0] ?? "";
  for (const [index, value] of values.entries()) {
    text += render(value) + (parts[index + 1] ?? "");
  }
  return new Html(text);
}

function render(value: Value): string {
  if (value === null) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map((item) => item.text).join("");
  return escapeHtml(String(value));
}

/** Makes text inert in markup and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}

/** An `href` for a URL that a client gave: only http and https become links. */
export function safeHref(url: string): string {
  try {
    return /^https?:$/.test(new URL(url).protocol) ? url : "#";
  } catch {
    return "#";
  }
}

/** A whole page as a response that nothing may frame, cache or add scripts to. */
export function page(title: string, body: Html, status = 200): Response {
  const document = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        <title>${title}</title>
        <link rel="stylesheet" href="/assets/twin.css">
        <link rel="icon" href="data:,">
      </head>
      <body>
    ${body}
      </body>
    </html>
  `;
  return new Response(document.text.trimStart(), {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy":
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  });
}
