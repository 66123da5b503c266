import { hrefOf } from "../../routing/use-route.ts";
import { useStaff } from "../../staff/staff-context.ts";
import type { Alert } from "./schemas.ts";

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What an alert is about, as a link to where one sees more of it. */
export function Subject({ alert: { rule, subject } }: { readonly alert: Alert }) {
  const { may } = useStaff();
  const text = <code title={subject}>{subject}</code>;
  if (/^evt_\w+$/.test(subject) && may("event.read")) {
    return <a href={hrefOf("events", subject)}>{text}</a>;
  }
  if (rule.startsWith("incident_") && may("incident.read")) {
    return <a href={hrefOf("incidents", subject)}>{text}</a>;
  }
  if (uuid.test(subject) && may("billing.read") && aboutUsers.has(rule)) {
    return <a href={hrefOf("customers", subject)}>{text}</a>;
  }
  return text;
}

const aboutUsers: ReadonlySet<string> = new Set([
  "card_testing",
  "unpaid_sessions",
  "amount_velocity",
  "country_mismatch",
  "duplicate_subscription",
]);
