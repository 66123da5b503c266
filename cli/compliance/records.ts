import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** Where the dated records of people and platform live, from the repository's root. */
export const RECORDS_FOLDER = "docs/compliance/records";

const common = {
  id: z.string().regex(/^[a-z0-9-]+$/),
  requirement: z.string().regex(/^\d+\.\d+[a-z]$/),
  kind: z.enum(["people", "platform"]),
  what: z.string().min(1),
  /** The role that answers for it, never a person's name: records are public. */
  owner: z.string().min(1),
  recorded_on: z.iso.date(),
  /** While open: the day by which it must be done. Once done: the day it must be done again. */
  expires_on: z.iso.date(),
};

const recordSchema = z.discriminatedUnion("status", [
  z.strictObject({ ...common, status: z.literal("open") }),
  z.strictObject({
    ...common,
    status: z.literal("done"),
    /** Where the signed answer or report is kept; the record itself proves nothing. */
    evidence: z.string().min(1),
  }),
]).refine(
  (record) => record.expires_on > record.recorded_on,
  "expires_on must be later than recorded_on",
);

/** A dated statement that people or the platform did something; made by people only. */
export type ComplianceRecord = z.infer<typeof recordSchema>;

/** A record counts while it is done and not yet expired. */
export type RecordState = "done" | "open" | "expired";

/** @throws when the text is not a record; the message names the fields */
export function parseRecord(text: string): ComplianceRecord {
  return recordSchema.parse(JSON.parse(text));
}

/** @param today an ISO date; a record still counts on the day it expires */
export function recordState(record: ComplianceRecord, today: string): RecordState {
  if (record.expires_on < today) return "expired";
  return record.status;
}

/** Reads every record below `root`. */
export async function readRecords(root: string): Promise<ComplianceRecord[]> {
  const folder = join(root, RECORDS_FOLDER);
  const files = (await readdir(folder)).filter((file) => file.endsWith(".json")).sort();
  return await Promise.all(files.map(async (file) => {
    try {
      const record = parseRecord(await readFile(join(folder, file), "utf8"));
      if (`${record.id}.json` !== file) throw new Error(`id is ${record.id}`);
      return record;
    } catch (cause) {
      throw new Error(`Read the record ${RECORDS_FOLDER}/${file}`, { cause });
    }
  }));
}
