// Archives that somebody worked on, against a verifier that has nothing but the public keys.
import { Buffer } from "node:buffer";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ArchiveInput, writeArchive } from "../../../cli/evidence/archive-writer.ts";
import { MANIFEST, PARTS, SIGNATURE } from "../../../cli/evidence/manifest.ts";
import { openScratchServer, type ScratchServer } from "../../property/support/scratch-database.ts";
import { appendRows, makeTestKey } from "../../support/audit-trail.ts";
import {
  appendUser,
  type Contents,
  type EvidenceBench,
  fixManifest,
  linesOf,
  openEvidenceBench,
  pack,
  setLines,
  signManifest,
  textsOf,
  unpack,
} from "../../support/evidence.ts";
import { stack } from "../../support/stack.ts";

const key = makeTestKey();
const stranger = makeTestKey(); // calls itself k1, too
let server: ScratchServer;
let bench: EvidenceBench;
let folder: string;
let genuine: string;
let id: string;
let original: Contents;

beforeAll(async () => {
  server = openScratchServer(stack().dbUrl);
  const database = await server.create("evidence_forged");
  folder = await mkdtemp(join(tmpdir(), "evidence-"));
  bench = openEvidenceBench(database, key, folder);
  for (let seal = 1; seal <= 4; seal++) {
    await appendRows(bench.admin, 5, `seal ${seal} `);
    if (seal === 2) await appendUser(bench.admin, crypto.randomUUID(), "alice");
    await bench.seal();
  }
  await appendRows(bench.admin, 2, "unsealed ");
  genuine = bench.file("genuine.tar");
  const argv = ["export", "--out", genuine, "--reason", "case 812", "--from", "2020-01-01"];
  expect(await bench.evidence(...argv)).toMatchObject({ code: 0 });
  ({ id, contents: original } = await unpack(genuine));
  await database.close();
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true });
});

interface Verdict {
  readonly ok: boolean;
  readonly findings: readonly { kind: string; file?: string; line?: number; detail?: string }[];
}

/** What the verifier says of a file. */
async function judge(file: string, ...argv: string[]): Promise<Verdict> {
  const { code, out, error } = await bench.verify(file, "--json", ...argv);
  expect(error).toBe("");
  const verdict: Verdict = JSON.parse(out);
  expect(code).toBe(verdict.ok ? 0 : 1);
  return verdict;
}

/** What it says of the archive after a change of its contents. */
async function judgeChanged(change: (contents: Contents) => void): Promise<Verdict> {
  const contents = new Map(original);
  change(contents);
  const file = bench.file("forged.tar");
  await pack(file, id, contents);
  return await judge(file);
}

const kindsOf = ({ findings }: Verdict) => findings.map(({ kind }) => kind);

/** As somebody who has stolen the signing key would: nothing but the seals stands against it. */
function signedByThief(change: (contents: Contents) => void): (contents: Contents) => void {
  return (contents) => {
    change(contents);
    fixManifest(contents);
    signManifest(contents, key.signer);
  };
}

/** A root with another first digit, whatever the first digit is. */
const otherDigit = (text: string) => text.endsWith("f") ? "root 0" : "root f";

function changeLines(
  name: string,
  change: (lines: Record<string, unknown>[]) => Record<string, unknown>[],
): (contents: Contents) => void {
  return (contents) => setLines(contents, name, change(linesOf(contents, name)));
}

describe("payments evidence verify", () => {
  it("10.2a finds nothing wrong with an archive that nobody touched, and needs no database", async () => {
    expect(await judge(genuine)).toMatchObject({ ok: true, findings: [] });
    expect(await judgeChanged(() => {})).toMatchObject({ ok: true });
    expect(
      await judgeChanged((contents) => {
        fixManifest(contents);
        signManifest(contents, key.signer);
      }),
    ).toMatchObject({ ok: true }); // so what follows is found for its own sake
  });

  it.each([...PARTS.filter((name) => /seals|rows|events/.test(name)), MANIFEST, SIGNATURE])(
    "10.2a finds any single byte that is flipped in %s",
    async (name) => {
      const bytes = original.get(name) ?? Buffer.alloc(0);
      const places = [0, 1, 2, 3, 4].map((n) => Math.floor(n * (bytes.length - 1) / 4));
      for (const place of places) {
        const verdict = await judgeChanged((contents) => {
          const flipped = Buffer.from(bytes);
          flipped[place] = (flipped[place] ?? 0) ^ 1;
          contents.set(name, flipped);
        });
        expect(verdict.ok, `${name} byte ${place}`).toBe(false);
        const isAboutManifest = [MANIFEST, SIGNATURE].includes(name);
        if (!isAboutManifest) {
          expect(verdict.findings).toContainEqual({ kind: "file_changed", file: name });
        }
      }
    },
  );

  it("10.2a says which row was changed, though its digest was made to fit", async () => {
    const change = changeLines(
      "rows.ndjson",
      (lines) =>
        lines.map((line, index) =>
          index !== 6 ? line : {
            ...line,
            payload: String(line["payload"]).replace("success", "failure"),
          }
        ),
    );
    const { findings } = await judgeChanged((contents) => {
      change(contents);
      fixManifest(contents);
    });
    expect(findings).toMatchObject([
      { kind: "manifest_signature", detail: "another manifest was signed" },
      { kind: "row_not_in_seal", file: "rows.ndjson", line: 7 },
    ]);
    expect((await judgeChanged(signedByThief(change))).findings).toMatchObject([
      { kind: "row_not_in_seal", file: "rows.ndjson", line: 7 },
    ]);
  });

  it("10.2a finds a row that was dropped, and its digest made to fit", async () => {
    const verdict = await judgeChanged((contents) => {
      changeLines("rows.ndjson", (lines) => lines.toSpliced(3, 1))(contents);
      fixManifest(contents);
    });
    expect(kindsOf(verdict)).toEqual(["manifest_signature", "count_differs"]);
    const counted = await judgeChanged((contents) => {
      changeLines("rows.ndjson", (lines) => lines.toSpliced(3, 1))(contents);
      fixManifest(contents, (manifest) => ({
        ...manifest,
        counts: { ...manifest.counts, rows: manifest.counts.rows - 1 },
      }));
    });
    expect(kindsOf(counted)).toEqual(["manifest_signature"]);
  });

  it("10.2a finds rows in another order, twice, under another id, or out of the times", async () => {
    const swap = changeLines(
      "rows.ndjson",
      ([one, two, ...rest]) => [two ?? {}, one ?? {}, ...rest],
    );
    expect((await judgeChanged(signedByThief(swap))).findings).toMatchObject([
      { kind: "row_order", file: "rows.ndjson", line: 2 },
    ]);
    const twice = changeLines("rows.ndjson", (lines) => lines.toSpliced(4, 1, lines[3] ?? {}));
    expect((await judgeChanged(signedByThief(twice))).findings).toMatchObject([
      { kind: "row_order", file: "rows.ndjson", line: 5 },
    ]);
    const renamed = changeLines("rows.ndjson", ([one, ...rest]) => [
      { ...one, id: crypto.randomUUID() },
      ...rest,
    ]);
    expect(kindsOf(await judgeChanged(signedByThief(renamed)))).toEqual(["row_other_id"]);
    const narrowed = await judgeChanged((contents) => {
      fixManifest(contents, (manifest) => ({
        ...manifest,
        scope: {
          ...manifest.scope,
          from: "2026-01-01T00:00:00.000Z",
          until: "2026-01-02T00:00:00.000Z",
        },
      }));
      signManifest(contents, key.signer);
    });
    expect(new Set(kindsOf(narrowed))).toEqual(new Set(["row_out_of_scope"]));
  });

  it("10.2a finds an unsealed row passed off as sealed, and sealed rows passed off as unsealed are counted", async () => {
    const passedOff = changeLines(
      "rows.ndjson",
      (lines) =>
        lines.map((line) =>
          "unsealed" in line
            ? { id: line["id"], payload: line["payload"], seal: 4, index: 4, path: [] }
            : line
        ),
    );
    expect(kindsOf(await judgeChanged(signedByThief(passedOff)))).toEqual(
      expect.arrayContaining(["row_not_in_seal", "count_differs"]),
    );
    const unproven = changeLines(
      "rows.ndjson",
      (lines) => lines.map(({ id: row, payload }) => ({ id: row, payload, unsealed: true })),
    );
    expect(await judgeChanged(signedByThief(unproven)).then(kindsOf)).toContain("count_differs");
  });

  it("10.2a finds a swapped, altered, dropped or foreign seal", async () => {
    const seals = textsOf(original, "seals.ndjson").map((text) => JSON.parse(text));
    const withSeals = (lines: unknown[]) =>
      signedByThief((contents) => setLines(contents, "seals.ndjson", lines));
    const [one, two, three, ...rest] = seals;
    const swapped = await judgeChanged(withSeals([one, three, two, ...rest]));
    expect(kindsOf(swapped)).toEqual(expect.arrayContaining(["seals_missing", "chain_broken"]));
    const dropped = await judgeChanged(withSeals([one, three, ...rest]));
    expect(kindsOf(dropped)).toEqual(
      expect.arrayContaining(["seals_missing", "row_without_seal", "count_differs"]),
    );
    const altered = { ...two, statement: two.statement.replace(/root ./, otherDigit) };
    const replaced = await judgeChanged(withSeals([one, altered, three, ...rest]));
    expect(kindsOf(replaced)).toEqual(expect.arrayContaining(["seal_signature"]));
    const foreign = { ...two, signature: stranger.signer.sign(two.statement) };
    const signed = await judgeChanged(withSeals([one, foreign, three, ...rest]));
    expect(signed.findings[0]).toEqual({
      kind: "seal_signature",
      file: "seals.ndjson",
      line: 2,
      detail: "seal 2, bad_signature",
    });
    // what is not signed proves nothing
    expect(kindsOf(signed).filter((kind) => kind === "row_without_seal")).not.toEqual([]);
    const headless = await judgeChanged(withSeals(seals.slice(0, -1)));
    expect(kindsOf(headless)).toContain("head_differs");
  });

  it("10.2a finds a restore that nobody declared and a purge that nobody signed", async () => {
    const unsigned = { statement: "payments audit purge v1\nmonth 2026-01\n", signature: "" };
    const purged = signedByThief((contents) => setLines(contents, "purges.ndjson", [unsigned]));
    expect(kindsOf(await judgeChanged(purged))).toContain("purge_invalid");
    const declared = signedByThief((contents) => setLines(contents, "epochs.ndjson", [unsigned]));
    expect(kindsOf(await judgeChanged(declared))).toContain("epoch_invalid");
  });

  it("10.2a refuses a manifest that another key signed, or no key, or for another evidence", async () => {
    const resigned = await judgeChanged((contents) => signManifest(contents, stranger.signer));
    expect(resigned.findings).toEqual([
      { kind: "manifest_signature", file: SIGNATURE, detail: "bad_signature" },
    ]);
    const other = makeTestKey("k9");
    const unknown = await judgeChanged((contents) => signManifest(contents, other.signer));
    expect(unknown.findings).toMatchObject([{ detail: "unknown_key" }]);
    const seal = textsOf(original, "seals.ndjson")[0] ?? "";
    const borrowed = await judgeChanged((contents) => contents.set(SIGNATURE, Buffer.from(seal)));
    expect(borrowed.findings).toMatchObject([{ detail: "unreadable" }]);
    expect((await bench.verify(genuine, "--keys", bench.file("nowhere"))).code).toBe(1);
  });

  it("10.2a holds the chain against heads from elsewhere, and the file against its digest", async () => {
    const seals = textsOf(original, "seals.ndjson");
    const anchor = bench.file("heads.ndjson");
    await writeFile(anchor, `${seals[2]}\n`);
    expect(await judge(genuine, "--anchor", anchor)).toMatchObject({ ok: true });
    const third = JSON.parse(seals[2] ?? "");
    const statement = third.statement.replace(/root ./, otherDigit);
    const forked = { statement, signature: key.signer.sign(statement) };
    await writeFile(anchor, `${JSON.stringify(forked)}\n`);
    const verdict = await judge(genuine, "--anchor", anchor);
    expect(verdict.findings).toMatchObject([{ kind: "head_forked", line: 3 }]);
    expect(kindsOf(await judge(genuine, "--digest", "0".repeat(64)))).toEqual(["archive_digest"]);
    expect((await bench.verify(genuine, "--digest", "abc")).code).toBe(2);
  });
});

describe("an archive that is none of ours", () => {
  const inputs = (): ArchiveInput[] =>
    [...original].map(([name, bytes]) => ({ name: `evidence-${id}/${name}`, bytes }));
  const judgeInputs = async (changed: readonly ArchiveInput[]) => {
    const file = bench.file("odd.tar");
    await rm(file, { force: true });
    await writeArchive(file, changed, new Date());
    return kindsOf(await judge(file));
  };
  const extra = (name: string): ArchiveInput => ({ name, bytes: Buffer.from("x\n") });

  it("10.2a refuses names that lead elsewhere, files that do not belong, and files that are there twice", async () => {
    for (const name of ["../x", "/etc/passwd", `evidence-${id}/../x`, `evidence-${id}/`, "x"]) {
      expect(await judgeInputs([...inputs(), extra(name)]), name).toEqual(["entry_name"]);
    }
    const other = `evidence-${crypto.randomUUID()}/rows.ndjson`;
    expect(await judgeInputs([...inputs(), extra(other)])).toEqual(["entry_name"]);
    expect(await judgeInputs([...inputs(), extra(`evidence-${id}/notes.txt`)])).toEqual([
      "entry_extra",
    ]);
    expect(await judgeInputs([...inputs(), ...inputs().slice(-1)])).toEqual(["entry_repeated"]);
    expect(await judgeInputs(inputs().slice(0, -1))).toEqual(["entry_missing"]);
    expect(await judgeInputs(inputs().toReversed())).toEqual(["entry_order"]);
  });

  it("10.2a refuses an archive that is cut off, goes on, or is something else", async () => {
    const bytes = await readFile(genuine);
    const file = bench.file("cut.tar");
    for (const length of [0, 100, 512, 5_000, bytes.length - 1024, bytes.length - 1]) {
      await writeFile(file, bytes);
      await truncate(file, length);
      expect(kindsOf(await judge(file)), `${length} bytes`).toEqual(["archive_truncated"]);
    }
    await writeFile(file, Buffer.concat([bytes, Buffer.from("more")]));
    expect(kindsOf(await judge(file))).toEqual(["archive_end"]);
    await writeFile(file, "PK".repeat(1000));
    expect(kindsOf(await judge(file))).toEqual(["entry_unreadable"]);
  });

  it("10.2a refuses links, other kinds of files, and sizes that are not there", async () => {
    const bytes = await readFile(genuine);
    const file = bench.file("header.tar");
    const withHeader = async (offset: number, text: string) => {
      const changed = Buffer.from(bytes);
      changed.write(text, offset);
      changed.write(" ".repeat(8), 148);
      const sum = changed.subarray(0, 512).reduce((total, byte) => total + byte, 0);
      changed.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
      await writeFile(file, changed);
      return kindsOf(await judge(file));
    };
    expect(await withHeader(156, "2")).toEqual(["entry_unreadable"]); // a symbolic link
    expect(await withHeader(157, "/etc/passwd")).toEqual(["entry_unreadable"]);
    expect(await withHeader(345, "../..")).toEqual(["entry_unreadable"]); // ustar's prefix
    expect(await withHeader(124, "77777777777")).toEqual(["archive_truncated"]);
    expect(await withHeader(124, "-0000000001")).toEqual(["entry_unreadable"]);
  });

  it("10.2a does not read a line or a manifest without end into memory", async () => {
    const long = Buffer.alloc(20 * 1024 * 1024, "a");
    const manifest = await judgeChanged((contents) => contents.set(MANIFEST, long));
    expect(manifest.findings).toMatchObject([{ kind: "entry_too_large", file: MANIFEST }]);
    const rows = await judgeChanged((contents) => contents.set("rows.ndjson", long));
    expect(rows.findings).toContainEqual({
      kind: "entry_too_large",
      file: "rows.ndjson",
      detail: "a line",
    });
  });
});
