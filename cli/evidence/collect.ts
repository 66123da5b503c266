import { join } from "node:path";
import type { Database } from "../connect/with-database.ts";
import { createLineFile, type LineFile } from "./line-file.ts";
import type { FileRecord, Manifest, Part } from "./manifest.ts";
import { writeDeclared, writeEvents, writeSeals } from "./read-records.ts";
import { writeRows } from "./read-rows.ts";
import type { ResolvedScope } from "./scope.ts";

export interface Collected {
  readonly counts: Manifest["counts"];
  readonly head: Manifest["head"];
  readonly files: readonly FileRecord[];
  /** Rows that are not what was sealed. */
  readonly changed: number;
  /** Rows that are in no seal although rows after them are. */
  readonly overdue: number;
}

/** Writes every file of an archive into a folder, row by row. */
export async function collect(
  database: Database,
  resolved: ResolvedScope,
  folder: string,
  onProgress: (done: number, total: number, what: string) => void,
): Promise<Collected> {
  const written = async <T>(
    name: Part,
    write: (file: LineFile) => Promise<T>,
  ): Promise<{ told: T; record: FileRecord }> => {
    const file = await createLineFile(join(folder, name), name);
    const told = await write(file);
    return { told, record: await file.end() };
  };
  const rows = await written(
    "rows.ndjson",
    (file) => writeRows(database, resolved, file, onProgress),
  );
  onProgress(0, 0, "writing seals and events");
  // after the rows: the chain has to reach behind the newest of them
  const seals = await written(
    "seals.ndjson",
    (file) => writeSeals(database, rows.told.firstSeal, file),
  );
  const epochs = await written(
    "epochs.ndjson",
    (file) => writeDeclared(database, "epochs", resolved, file),
  );
  const purges = await written(
    "purges.ndjson",
    (file) => writeDeclared(database, "purges", resolved, file),
  );
  const events = await written("events.ndjson", (file) => writeEvents(database, resolved, file));
  return {
    counts: {
      rows: rows.told.rows,
      unsealed: rows.told.unsealed,
      events: events.told,
      seals: seals.told.seals,
      epochs: epochs.told,
      purges: purges.told,
    },
    head: seals.told.head,
    files: [epochs.record, purges.record, seals.record, rows.record, events.record],
    changed: rows.told.changed,
    overdue: rows.told.overdue,
  };
}
