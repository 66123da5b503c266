import { Fragment, type ReactNode } from "react";
import { Scroll } from "../ui/scroll.tsx";
import type { Block } from "./blocks.ts";

interface MarkdownProps {
  readonly blocks: readonly Block[];
  /** The address of a link of the text, `undefined` where it leads nowhere from here. */
  readonly linkTo: (target: string) => string | undefined;
}

/** Shows blocks of the documentation. Text only: no markup in it is ever read as HTML. */
export function Markdown({ blocks, linkTo }: MarkdownProps) {
  return (
    <div className="markdown">
      {blocks.map((block, index) => <BlockView key={index} block={block} linkTo={linkTo} />)}
    </div>
  );
}

function BlockView(
  { block, linkTo }: { readonly block: Block } & Pick<MarkdownProps, "linkTo">,
) {
  const inline = (text: string) => <Inline text={text} linkTo={linkTo} />;
  switch (block.kind) {
    case "heading":
      return block.level <= 2 ? <h2>{inline(block.text)}</h2> : <h3>{inline(block.text)}</h3>;
    case "code":
      return <pre tabIndex={0}><code>{block.text}</code></pre>;
    case "list": {
      const items = block.items.map((item, index) => <li key={index}>{inline(item)}</li>);
      return block.isOrdered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case "table":
      return (
        <Scroll label={block.head[0] ?? ""}>
          <thead>
            <tr>
              {block.head.map((cell, index) => <th key={index} scope="col">{inline(cell)}</th>)}
            </tr>
          </thead>
          <tbody>
            {block.rows.map((row, index) => (
              <tr key={index}>{row.map((cell, column) => <td key={column}>{inline(cell)}</td>)}</tr>
            ))}
          </tbody>
        </Scroll>
      );
    case "paragraph":
      return <p>{inline(block.text)}</p>;
  }
}

const parts = /(`[^`]+`|\*\*[^*]+\*\*|\[(?:[^\]]+)\]\([^)]+\))/;

function Inline({ text, linkTo }: { readonly text: string } & Pick<MarkdownProps, "linkTo">) {
  return (
    <>
      {text.split(parts).map((part, index) => (
        <Fragment key={index}>{inlinePart(part, linkTo)}</Fragment>
      ))}
    </>
  );
}

function inlinePart(part: string, linkTo: MarkdownProps["linkTo"]): ReactNode {
  if (part.startsWith("`")) return <code>{part.slice(1, -1)}</code>;
  if (part.startsWith("**")) return <strong>{part.slice(2, -2)}</strong>;
  const link = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(part);
  if (link === null) return part;
  const [, words = "", target = ""] = link;
  const label = words.startsWith("`") ? <code>{words.replaceAll("`", "")}</code> : words;
  const href = linkTo(target);
  return href === undefined ? label : <a href={href}>{label}</a>;
}
