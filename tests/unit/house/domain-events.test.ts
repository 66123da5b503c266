import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createMessageSigner } from "../../../supabase/functions/_shared/sign-message.ts";
import { codesIn, tableBelow } from "./markdown-table.ts";
import { ROOT } from "./root.ts";

const SECRET = `whsec_${new Uint8Array(32).fill(7).toBase64()}`;
const PAGE = join(ROOT, "docs/domain-events.md");

type Receive = (request: Request) => Promise<Response>;
const exampleSchema = z.object({
  receiver: z.custom<
    (
      secret: string,
      once: (id: string, act: () => Promise<void>) => Promise<void>,
      act: (event: { type: string; data: Record<string, unknown> }) => Promise<void>,
    ) => Receive
  >((value) => typeof value === "function"),
});

/** The page's own code, loaded as it stands there. */
async function loadExample() {
  const block = /<!-- example: receive -->\n+```ts\n([^]*?)```/.exec(await readFile(PAGE, "utf8"));
  // below the repository, so that the import of the package is found
  await mkdir(join(ROOT, ".local"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, ".local", "example-"));
  try {
    const file = join(folder, "receive.ts");
    await writeFile(file, block?.[1] ?? "");
    return exampleSchema.parse(await import(pathToFileURL(file).href)).receiver;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function delivery(changes: { body?: string; timestamp?: number } = {}): Promise<Request> {
  const body = JSON.stringify({ type: "payment.succeeded", data: { object_id: "pi_1" } });
  const timestamp = changes.timestamp ?? Math.floor(Date.now() / 1000);
  return new Request("http://127.0.0.1/", {
    method: "POST",
    headers: {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(timestamp),
      "webhook-signature": await createMessageSigner(SECRET)("msg_1", timestamp, body),
    },
    body: changes.body ?? body,
  });
}

async function startReceiver() {
  const seen = new Set<string>();
  const acted: string[] = [];
  const receiver = await loadExample();
  const receive = receiver(SECRET, async (id, act) => {
    if (!seen.has(id)) await act();
    seen.add(id);
  }, ({ type }) => Promise.resolve(void acted.push(type)));
  return { receive, acted };
}

describe("docs/domain-events.md", () => {
  it("decision 11: its example takes what the worker signs, once", async () => {
    const { receive, acted } = await startReceiver();
    expect((await receive(await delivery())).status).toBe(204);
    expect((await receive(await delivery())).status).toBe(204);
    expect(acted).toEqual(["payment.succeeded"]);
  });

  it.each([
    ["a changed body", { body: '{"type":"payment.refunded"}' }],
    ["an old delivery", { timestamp: Math.floor(Date.now() / 1000) - 600 }],
  ])("decision 11: its example refuses %s", async (_what, changes) => {
    const { receive, acted } = await startReceiver();
    expect((await receive(await delivery(changes))).status).toBe(400);
    expect(acted).toEqual([]);
  });

  it("decision 11: lists exactly the kinds that the database writes", async () => {
    const folder = join(ROOT, "supabase/migrations");
    const files = await readdir(folder);
    const sql = (await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")))).join(
      "\n",
    );
    const written = [...sql.matchAll(/write_(?:outbox|turn)\('([a-z.]+)'/g)].map((match) =>
      match[1] ?? ""
    );
    const rows = tableBelow(await readFile(PAGE, "utf8"), "Kind", "Object", "When");
    const documented = rows.map(([kind]) => codesIn(kind)[0]);
    expect(documented.toSorted()).toEqual([...new Set(written)].toSorted());
  });
});
