import * as z from "zod/mini";
import { moment, optionalMoment } from "../../../billing/moment.ts";

const eventRow = z.object({
  event_id: z.string(),
  event_type: z.string(),
  object_kind: z.nullable(z.string()),
  object_id: z.nullable(z.string()),
  status: z.string(),
  attempts: z.number(),
  received_at: moment,
  processed_at: optionalMoment,
  next_attempt_at: optionalMoment,
  last_error: z.nullable(z.string()),
});

export type EventRow = z.infer<typeof eventRow>;

/** What `staff_list_events` answers. */
export const eventsSchema = z.object({ events: z.array(eventRow) });

/** What `staff_show_event` answers. */
export const eventSchema = z.object({
  event: z.extend(eventRow, {
    livemode: z.boolean(),
    api_version: z.nullable(z.string()),
    created: moment,
    body_sha256: z.string(),
    secret_fingerprint: z.string(),
    request_id: z.string(),
    keeps: z.string(),
    replay: z.nullable(z.string()),
  }),
  object: z.nullable(z.object({
    as_of: optionalMoment,
    ticket: z.number(),
    moved_by: z.string(),
    deleted_at: optionalMoment,
  })),
  mark: z.nullable(z.object({
    marked_at: moment,
    attempts: z.number(),
    next_attempt_at: moment,
    last_error: z.nullable(z.string()),
  })),
  conflicts: z.array(z.object({
    received_at: moment,
    event_type: z.string(),
    secret_fingerprint: z.string(),
    request_id: z.string(),
  })),
  audit: z.array(z.object({
    id: z.string(),
    occurred_at: moment,
    actor_type: z.string(),
    actor_id: z.nullable(z.string()),
    action: z.string(),
    outcome: z.string(),
    reason: z.nullable(z.string()),
    request_id: z.nullable(z.string()),
    seal_number: z.nullable(z.number()),
  })),
});

export type EventDetail = z.infer<typeof eventSchema>;

/** What a dry run of `staff_replay_events` answers. */
export const dryRunSchema = z.object({
  dry_run: z.literal(true),
  matching: z.number(),
  letters: z.array(z.object({
    event_id: z.string(),
    event_type: z.string(),
    status: z.string(),
    replay: z.string(),
  })),
});

export type DryRun = z.infer<typeof dryRunSchema>;

/** What a replay answers. */
export const replayedSchema = z.object({ replayed: z.number(), unreplayable: z.number() });
