/** A page of the console. */
export interface Section {
  readonly page: string;
  readonly title: string;
  /** Who lacks it does not see the page. */
  readonly permission: string;
}

/** The pages in the order of the menu, by what one wants to know. */
export const SECTION_GROUPS: readonly { readonly title: string; readonly sections: Section[] }[] = [
  {
    title: "Now",
    sections: [
      { page: "overview", title: "Overview", permission: "metrics.read" },
      { page: "alerts", title: "Alerts", permission: "alert.read" },
      { page: "events", title: "Events", permission: "event.read" },
      { page: "incidents", title: "Incidents", permission: "incident.read" },
    ],
  },
  {
    title: "People",
    sections: [
      { page: "customers", title: "Customers", permission: "billing.read" },
      { page: "holds", title: "Holds", permission: "hold.read" },
    ],
  },
  {
    title: "Control",
    sections: [
      { page: "switches", title: "Kill switches", permission: "settings.read" },
      { page: "limits", title: "Limits", permission: "settings.read" },
      { page: "alert-rules", title: "Alert rules", permission: "alert.read" },
      { page: "retention", title: "Retention", permission: "settings.read" },
      { page: "legal-holds", title: "Legal holds", permission: "legal_hold.list" },
    ],
  },
  {
    title: "Trust",
    sections: [
      { page: "audit", title: "Audit trail", permission: "audit.read" },
      { page: "keys", title: "Keys", permission: "key.read" },
      { page: "staff", title: "Staff", permission: "staff.list" },
      { page: "compliance", title: "Compliance", permission: "console.open" },
    ],
  },
];

export const SECTIONS: readonly Section[] = SECTION_GROUPS.flatMap(({ sections }) => sections);
