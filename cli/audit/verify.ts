import { type Finding, FINDING_KINDS } from "../../supabase/functions/_shared/audit/trail.ts";
import type { CommandIo, ExitCode } from "../command-io.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { type Followed, followTrail } from "./follow-trail.ts";
import { headMemory, readAnchorFiles } from "./known-heads-file.ts";
import { findPublicKeys, type KeyOptions } from "./public-keys.ts";

export interface VerifyOptions extends DatabaseOptions, KeyOptions {
  readonly json?: boolean;
  readonly anchor?: string[];
}

/** A chain with one of these is not remembered: it may be the forged one. */
const OF_THE_CHAIN = /^(?:head|seal|seals|chain|epoch|entries)_/;

/** The command `payments audit verify`. */
export async function verify(options: VerifyOptions, io: CommandIo): Promise<ExitCode> {
  const keys = await findPublicKeys(options, io);
  const anchored = await readAnchorFiles(options.anchor ?? [], keys);
  const print = (finding: Finding) => io.out(`${renderFinding(finding)}\n`);
  const followed = await withDatabase(io, options, async (database) => {
    const memory = headMemory(database.name, keys, io);
    const result = await followTrail(database, {
      keys,
      known: [...await memory.recall(), ...anchored],
      ...(options.json === true ? {} : { onFinding: print }),
    }, io);
    const { head } = result.progress.chain;
    if (head.number > 0 && ![...result.kinds].some((kind) => OF_THE_CHAIN.test(kind))) {
      await memory.remember([head], result.lost);
    }
    return result;
  });
  io.out(options.json === true ? renderJson(followed) : renderSummary(followed));
  return followed.progress.finding_count === 0 ? 0 : 1;
}

/** One line: what is wrong, and where. */
export function renderFinding({ kind, seal, until, index, id, detail }: Finding): string {
  const place = [
    seal === undefined
      ? ""
      : until === undefined || until === seal
      ? `seal ${seal}`
      : `seals ${seal} to ${until}`,
    index === undefined ? "" : `leaf ${index}`,
    id ?? "",
  ].filter((part) => part !== "").join(", ");
  const extra = detail === undefined ? "" : ` (${detail})`;
  return `${kind}  ${place}: ${FINDING_KINDS[kind]}${extra}`;
}

function renderSummary({ progress, lost }: Followed): string {
  const { chain, seals, sealed_rows: sealed, rows, events, finding_count: count } = progress;
  const head = seals === 0
    ? "There is no seal yet.\n"
    : `Head: epoch ${chain.head.epoch}, seal ${chain.head.number}, ${chain.head.hash}\n`;
  const gone = lost.length === 0
    ? ""
    : `${lost.length} heads that were seen before are gone with a declared restore.\n`;
  const verdict = count === 0 ? "Nothing is wrong.\n" : `${count} findings.\n`;
  return `${seals} seals over ${sealed} rows, ${rows} rows and ${events} events looked at.\n` +
    head + gone + verdict;
}

function renderJson({ progress, lost }: Followed): string {
  return `${
    JSON.stringify(
      {
        ok: progress.finding_count === 0,
        head: progress.chain.head,
        seals: progress.seals,
        sealed_rows: progress.sealed_rows,
        rows: progress.rows,
        events: progress.events,
        finding_count: progress.finding_count,
        findings: progress.findings,
        lost_heads: lost,
      },
      null,
      2,
    )
  }\n`;
}
