import type { TransactionSql } from "postgres";
import { type CommandIo, type ExitCode, UsageError } from "../command-io.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import {
  type DeadLetter,
  type DeadLetterFilter,
  listDeadLetters,
  replayDeadLetters,
  type Replayed,
} from "./dead-letter.ts";
import { explain } from "./explain.ts";
import { type FilterOptions, readEventId, readFilter } from "./read-filter.ts";
import { renderDeadLetters } from "./render.ts";

export interface ReplayOptions extends DatabaseOptions, FilterOptions {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly reason: string;
  readonly as?: string;
}

/** What matched; `replayed` is null in a dry run. */
interface Outcome {
  readonly letters: readonly DeadLetter[];
  readonly replayed: Replayed | null;
}

/**
 * Puts events back in line. One event is replayed at once; a filter shows first what it matches and
 * acts with `--yes`.
 */
export async function replay(
  eventId: string | undefined,
  options: ReplayOptions,
  io: CommandIo,
): Promise<ExitCode> {
  const filter = chosen(eventId, options, io.now());
  const reason = options.reason.trim();
  if (reason === "" || reason.length > 500) {
    throw new UsageError("--reason takes 1 to 500 characters: the audit trail keeps them");
  }
  const operator = (options.as ?? io.operator).trim();
  if (operator === "" || operator.length > 255) throw new UsageError("--as takes a name");

  const acts = options.dryRun !== true && (eventId !== undefined || options.yes === true);
  const { letters, replayed } = await withDatabase(io, options, (database) => {
    const list = async (sql: TransactionSql): Promise<Outcome> => ({
      letters: await listDeadLetters(sql, filter),
      replayed: null,
    });
    const listAndReplay = async (sql: TransactionSql): Promise<Outcome> => ({
      letters: await listDeadLetters(sql, filter),
      replayed: await replayDeadLetters(sql, filter, { operator, reason }),
    });
    return acts ? database.change(listAndReplay) : database.read(list);
  });
  io.out(
    options.json === true ? renderJson(letters, replayed) : renderText(letters, replayed, eventId),
  );
  if (eventId !== undefined && letters.length === 0) return 1;
  return replayed !== null && replayed.unreplayable > 0 ? 1 : 0;
}

function chosen(
  eventId: string | undefined,
  options: ReplayOptions,
  now: Date,
): DeadLetterFilter {
  const filter = readFilter(options, now);
  const isFiltered = Object.keys(filter).length > 0;
  if (eventId !== undefined && isFiltered) {
    throw new UsageError("Name an event or a filter, not both");
  }
  if (eventId !== undefined) return { event_id: readEventId(eventId) };
  if (!isFiltered) {
    throw new UsageError("Name an event, or a filter: --type, --object, --status, --since");
  }
  return filter;
}

function renderText(
  letters: readonly DeadLetter[],
  replayed: Replayed | null,
  eventId: string | undefined,
): string {
  if (letters.length === 0) {
    return eventId === undefined
      ? "Nothing matches: no event in retry or dead.\n"
      : `${eventId} is not in retry or dead: see payments events show ${eventId}\n`;
  }
  const table = renderDeadLetters(letters);
  if (replayed === null) {
    const hint = eventId === undefined ? "; add --yes to replay them" : "";
    return `${table}\nDry run: ${letters.length} would be put back in line${hint}.\n`;
  }
  const left = replayed.unreplayable === 0
    ? ""
    : ` ${replayed.unreplayable} cannot be replayed: no payload, no copy at Stripe, no object.`;
  return `${table}\n${replayed.replayed} put back in line; the worker's next run takes them.${left}\n`;
}

function renderJson(letters: readonly DeadLetter[], replayed: Replayed | null): string {
  const events = letters.map((letter) => ({ ...letter, explanation: explain(letter) }));
  return `${
    JSON.stringify(
      {
        dry_run: replayed === null,
        replayed: replayed?.replayed ?? 0,
        unreplayable: replayed?.unreplayable ?? 0,
        events,
      },
      null,
      2,
    )
  }\n`;
}
