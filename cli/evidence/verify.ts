import { readAnchorFiles } from "../audit/known-heads-file.ts";
import { findPublicKeys, type KeyOptions } from "../audit/public-keys.ts";
import { type CommandIo, type ExitCode, UsageError } from "../command-io.ts";
import { createProgressBar } from "../progress-bar.ts";
import { renderArchiveFinding } from "./archive-findings.ts";
import { checkArchive, type CheckedArchive } from "./check-archive.ts";

export interface VerifyArchiveOptions extends KeyOptions {
  readonly json?: boolean;
  readonly anchor?: readonly string[];
  /** What the chain of custody says is the archive's SHA-256. */
  readonly digest?: string;
}

/** The command `payments evidence verify`: offline, with the public keys alone. */
export async function verifyArchive(
  path: string,
  options: VerifyArchiveOptions,
  io: CommandIo,
): Promise<ExitCode> {
  const checked = await checkFile(path, options, io);
  io.out(options.json === true ? renderJson(checked) : renderText(checked));
  return checked.findingCount === 0 ? 0 : 1;
}

/** Checks an archive as the options say. */
export async function checkFile(
  path: string,
  options: VerifyArchiveOptions,
  io: CommandIo,
): Promise<CheckedArchive> {
  const { digest = null, anchor = [] } = options;
  if (digest !== null && !/^[0-9a-f]{64}$/.test(digest)) {
    throw new UsageError("--digest takes a SHA-256, 64 hex digits");
  }
  const keys = await findPublicKeys(options, io);
  const anchored = await readAnchorFiles(anchor, keys);
  const bar = createProgressBar(io);
  return await checkArchive(path, {
    keys,
    anchored,
    expectedDigest: digest,
    onProgress: (done, total) => bar.update(done, total, "checked"),
  }).finally(bar.clear);
}

function renderText(
  { digest, manifest, signedBy, findingCount, findings }: CheckedArchive,
): string {
  const more = findingCount - findings.length;
  const about = manifest === null ? [] : [
    `Evidence ${manifest.id}, exported ${manifest.generated_at}` +
    // strangers' words: shown when signed, and then without what a terminal obeys
    (signedBy === null ? "" : ` by ${inert(manifest.by)}: ${inert(manifest.reason)}`),
    `${manifest.counts.rows} rows, ${manifest.counts.unsealed} of them in no seal; ` +
    `${manifest.counts.events} events, ${manifest.counts.seals} seals.`,
    manifest.head === null
      ? "There was no seal yet."
      : `Head: epoch ${manifest.head.epoch}, seal ${manifest.head.number}, ${manifest.head.hash}`,
    signedBy === null ? "Nobody who is listed signed it." : `Signed with key ${signedBy}.`,
  ];
  return [
    ...findings.map(renderArchiveFinding),
    ...(more === 0 ? [] : [`and ${more} more`]),
    ...about,
    ...(digest === null ? [] : [`SHA-256 ${digest}`]),
    findingCount === 0 ? "Nothing is wrong." : `${findingCount} findings.`,
    "",
  ].join("\n");
}

/** Control and format characters, as a terminal would obey them, become visible. */
function inert(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

function renderJson(
  { digest, manifest, signedBy, findingCount, findings }: CheckedArchive,
): string {
  const { id, generated_at, by, reason, scope, counts, head, custody } = manifest ?? {};
  return `${
    JSON.stringify(
      {
        ok: findingCount === 0,
        sha256: digest,
        signed_by: signedBy,
        id,
        generated_at,
        by,
        reason,
        scope,
        counts,
        head,
        custody,
        finding_count: findingCount,
        findings,
      },
      null,
      2,
    )
  }\n`;
}
