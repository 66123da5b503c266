import { useEffect, useState } from "react";
import { Skeleton } from "../../../ui/skeleton.tsx";
import { blocksOf, sectionOf } from "../../docs/blocks.ts";
import { Markdown } from "../../docs/markdown.tsx";
import { hasDocument, readDocument } from "../../docs/pages.ts";
import { Page } from "../../layout/page.tsx";
import { hrefOf, useRoute } from "../../routing/use-route.ts";
import { docsHref } from "../../ui/doc-link.tsx";

/** A page of the documentation, or the section of it that an alert names. */
export function RunbookPage({ name }: { readonly name: string }) {
  const { query } = useRoute();
  const at = query.get("at");
  const [text, setText] = useState<string | null>();
  useEffect(() => {
    let current = true;
    setText(undefined);
    readDocument(name).then(
      (read) => current && setText(read ?? null),
      () => current && setText(null),
    );
    return () => {
      current = false;
    };
  }, [name]);
  return (
    <Page
      title="Runbook"
      lead={
        <>
          <a href={docsHref("runbooks/README.md")}>All runbooks</a> / <code>docs/{name}</code>
          {at !== null && (
            <>
              · <a href={hrefOf("runbook", name)}>the whole page</a>
            </>
          )}
        </>
      }
    >
      {text === undefined && <Skeleton label="Loading the runbook" />}
      {text === null && <p className="empty">There is no such page in this build.</p>}
      {typeof text === "string" && (
        <div className="panel">
          <Markdown
            blocks={sectionOf(blocksOf(text), at)}
            linkTo={(target) => linkFrom(name, target)}
          />
        </div>
      )}
    </Page>
  );
}

/** Where a link of a page leads: a page that is here, or another site. */
function linkFrom(name: string, target: string): string | undefined {
  if (target.startsWith("https://")) return target;
  const base = new URL(name, "https://docs.invalid/");
  const { pathname, hash, host } = new URL(target, base);
  const page = pathname.slice(1);
  if (host !== base.host || !hasDocument(page)) return undefined;
  return docsHref(`${page}${hash}`);
}
