import type { Alert } from "./store.ts";

const MARKS: Readonly<Record<Alert["severity"], string>> = {
  critical: ":rotating_light:",
  warning: ":warning:",
  info: ":information_source:",
};

/**
 * One line for people: how bad, what, about what, and where to read on. A subject is an id or a name, but
 * some of it came from outside: it cannot mention anybody, link anywhere or start a line.
 *
 * @see https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export function alertText({ severity, rule, title, subject, runbook }: Alert): string {
  return `${MARKS[severity]} *${escape(title)}* (${escape(rule)}, ${severity}): ${
    escape(subject)
  } · ${escape(runbook)}`;
}

function escape(text: string): string {
  return text.replaceAll(/\p{C}/gu, " ").replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;").slice(0, 400);
}
