import type { Failure } from "../../api/failure.ts";

/** What a code of the staff procedures says to the person who met it. */
const byCode: Readonly<Record<string, string>> = {
  network: "The database could not be reached. Check your connection.",
  unreadable: "The answer was not understood: is the console older than the database?",
  unauthorized: "Sign in to continue.",
  session_ended: "Your session has ended. Sign in again.",
  forbidden: "Your role does not allow this. The attempt is in the audit trail.",
  reason_required: "Give a reason of at least three characters.",
  reason_too_long: "A reason has at most 500 characters.",
  not_found: "There is nothing like that, or somebody was faster.",
  not_sealed: "The row is not sealed yet. It will be within a minute; try again then.",
  invalid_filter: "That filter cannot be read.",
  invalid_setting: "A value makes no sense. Nothing was changed.",
  unknown_setting: "There is no such setting. Nothing was changed.",
  nothing_changed: "Nothing is different from what it was.",
  unknown_rule: "There is no such rule.",
  unknown_class: "There is no such class.",
  invalid_hold:
    "Say what is held: a user, an object, or a time that ends after it begins. Nothing was placed.",
  release_not_requested: "Nobody has asked for the release yet: that comes first.",
  second_person_required:
    "It takes a second person: who placed a hold or asked for its release cannot release it.",
  unknown_switch: "There is no such switch.",
  unknown_user: "No user has this id.",
  unknown_field: "There is no such field.",
  invalid_field: "A value makes no sense. Nothing was changed.",
  unknown_role: "There is no such role.",
  last_admin: "The last admin stays: make another one first.",
  http_400: "A value makes no sense. Nothing was changed.",
  not_refundable: "This payment cannot be refunded.",
  idempotency_conflict:
    "Another amount was asked for before and is queued. Confirm again to refund this one as well.",
  amount_too_large: "That is more than is left of this payment.",
  incident_closed: "This incident is closed, and stays as it is.",
  nobody_affected: "Nobody is known to be affected: search the audit trail first.",
  notices_undelivered:
    "Notices to the affected are undelivered: wait for them, or say how those people were told.",
  told_otherwise_is_a_sentence: "Say how they were told in ten characters or more.",
  already_recorded: "This was recorded before, and stays as it is.",
  clock_goes_one_way: "The clock can be set back to an earlier moment, never to a later one.",
  a_late_notice_says_why: "The 72 hours are over: say why the notice is late.",
  times_are_in_order: "Detected, aware, opened: the times have to come in this order.",
  texts_are_bounded: "A title has between 3 and 200 characters.",
  closing_needs_a_root_cause: "Closing needs a root cause.",
  closing_needs_a_follow_up: "Closing needs at least one follow-up with owner and date.",
  follow_ups_are_complete: "A follow-up has what, who and a date.",
  closing_needs_an_assessment: "Closing needs to know whether personal data is concerned.",
  closing_needs_the_notice_or_a_reason:
    "Personal data is concerned: the authority has to be told, or a reason written down.",
  closing_needs_what_the_authority_asks:
    "Personal data is concerned: fill in all that the authority asks for first.",
};

/** A failure in one sentence. */
export function explainRefusal({ code, status }: Failure): string {
  const known = byCode[code];
  if (known !== undefined) return known;
  if (status === 401) return "Your session has ended. Sign in again.";
  if (status !== undefined && status >= 500) return "The database did not answer. Try again.";
  return `The database refused: ${code}.`;
}

/** Whether only signing in again helps. */
export function endsSession({ code, status }: Failure): boolean {
  return code === "session_ended" || code === "unauthorized" || status === 401;
}
