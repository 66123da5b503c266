import {
  type Finding,
  FINDING_KINDS,
  type FindingKind,
} from "../../supabase/functions/_shared/audit/trail.ts";

/** What can be wrong with an archive, beside what can be wrong with a trail; docs/evidence.md explains each. */
export const ARCHIVE_FINDING_KINDS = {
  archive_truncated: "the archive ends too early",
  archive_end: "something follows the end of the archive",
  entry_unreadable: "it is no plain tar archive of files",
  entry_name: "the name is none that belongs here",
  entry_repeated: "the file is there twice",
  entry_extra: "the file does not belong here",
  entry_missing: "the file is missing",
  entry_order: "the files are in another order",
  entry_too_large: "it is larger than it can be",
  manifest_unreadable: "the manifest cannot be read",
  manifest_signature: "the manifest is not signed by a listed key",
  archive_digest: "it is not the archive that was exported",
  file_changed: "the file is not the one of the manifest",
  line_unreadable: "the line cannot be read",
  count_differs: "there are more or fewer than the manifest says",
  head_differs: "the last seal is not the manifest's head",
  row_not_in_seal: "the row is not what was sealed",
  row_without_seal: "the row's seal is not in the archive",
  row_other_id: "the row's id is not that of its text",
  row_order: "the row is out of order, or there twice",
  row_overdue: "the row is in no seal, although rows after it are",
  row_out_of_scope: "the row is outside of the times of the export",
} as const;

export type ArchiveFindingKind = keyof typeof ARCHIVE_FINDING_KINDS | FindingKind;

/** One thing that is wrong with an archive, and where. */
export interface ArchiveFinding {
  readonly kind: ArchiveFindingKind;
  readonly file?: string | undefined;
  /** Counted from 1. */
  readonly line?: number | undefined;
  readonly detail?: string | undefined;
}

/** A fault that leaves nothing to go on with. */
export class ArchiveFault extends Error {
  override readonly name = "ArchiveFault";
  readonly finding: ArchiveFinding;
  constructor(kind: ArchiveFindingKind, file?: string, detail?: string) {
    super(kind);
    this.finding = { kind, file, detail };
  }
}

/** A finding of the trail, at its place in the archive. */
export function inArchive(finding: Finding, file: string, line: number): ArchiveFinding {
  const { kind, seal, detail } = finding;
  const parts = [seal === undefined ? "" : `seal ${seal}`, detail ?? ""];
  return { kind, file, line, detail: parts.filter((part) => part !== "").join(", ") || undefined };
}

/** One line: what is wrong, and where. */
export function renderArchiveFinding({ kind, file, line, detail }: ArchiveFinding): string {
  const texts: Readonly<Record<string, string>> = { ...FINDING_KINDS, ...ARCHIVE_FINDING_KINDS };
  const place = [file ?? "the archive", line === undefined ? "" : `line ${line}`];
  return `${kind}  ${place.filter((part) => part !== "").join(", ")}: ${texts[kind]}` +
    (detail === undefined ? "" : ` (${detail})`);
}
