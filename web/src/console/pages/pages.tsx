import { lazy, Suspense } from "react";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Page } from "../layout/page.tsx";
import { SECTIONS } from "../layout/sections.ts";
import { hrefOf, useRoute } from "../routing/use-route.ts";
import { useStaff } from "../staff/staff-context.ts";
import { AlertRulesPage } from "./alert-rules/alert-rules-page.tsx";
import { AlertsPage } from "./alerts/alerts-page.tsx";
import { AuditPage } from "./audit/audit-page.tsx";
import { CustomersPage } from "./customers/customers-page.tsx";
import { EventPage } from "./events/event-page.tsx";
import { EventsPage } from "./events/events-page.tsx";
import { HoldsPage } from "./holds/holds-page.tsx";
import { IncidentPage } from "./incidents/incident-page.tsx";
import { IncidentsPage } from "./incidents/incidents-page.tsx";
import { KeysPage } from "./keys/keys-page.tsx";
import { LegalHoldsPage } from "./legal-holds/legal-holds-page.tsx";
import { LimitsPage } from "./limits/limits-page.tsx";
import { OverviewPage } from "./overview/overview-page.tsx";
import { RetentionPage } from "./retention/retention-page.tsx";
import { RunbookPage } from "./runbook/runbook-page.tsx";
import { StaffPage } from "./staff/staff-page.tsx";
import { SwitchesPage } from "./switches/switches-page.tsx";

// with the tests' names it is as large as all other pages together
const CompliancePage = lazy(() =>
  import("./compliance/compliance-page.tsx").then((module) => ({ default: module.CompliancePage }))
);

/** Picks the page for the route, and leaves out what this person may not see. */
export function Pages() {
  const { page, id } = useRoute();
  const { may } = useStaff();
  // the pages of the documentation are for everybody who is here
  if (page === "runbook" && id !== undefined) return <RunbookPage name={id} />;
  const section = SECTIONS.find((one) => one.page === page);
  if (section === undefined) return <Nowhere />;
  if (!may(section.permission)) return <NotYours title={section.title} />;
  switch (page) {
    case "alerts":
      return <AlertsPage />;
    case "events":
      return id === undefined ? <EventsPage /> : <EventPage key={id} eventId={id} />;
    case "incidents":
      return id === undefined ? <IncidentsPage /> : <IncidentPage key={id} incidentId={id} />;
    case "customers":
      return <CustomersPage key={id} userId={id} />;
    case "holds":
      return <HoldsPage />;
    case "switches":
      return <SwitchesPage />;
    case "limits":
      return <LimitsPage />;
    case "alert-rules":
      return <AlertRulesPage />;
    case "retention":
      return <RetentionPage />;
    case "legal-holds":
      return <LegalHoldsPage />;
    case "audit":
      return <AuditPage />;
    case "keys":
      return <KeysPage />;
    case "staff":
      return <StaffPage />;
    case "compliance":
      return (
        <Suspense fallback={<Skeleton label="Loading the table" />}>
          <CompliancePage />
        </Suspense>
      );
    default:
      return <OverviewPage />;
  }
}

function Nowhere() {
  return (
    <Page title="There is nothing here">
      <p>
        <a href={hrefOf("overview")}>To the overview</a>
      </p>
    </Page>
  );
}

function NotYours({ title }: { readonly title: string }) {
  return (
    <Page title={title}>
      <p data-refusal="forbidden">Your role does not show this page. An admin can give you one.</p>
    </Page>
  );
}
