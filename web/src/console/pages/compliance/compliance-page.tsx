import { useState } from "react";
import table, { type ComplianceRow } from "virtual:compliance-table";
import { Badge } from "../../../ui/badge.tsx";
import { Notice } from "../../../ui/notice.tsx";
import { formatCount, formatMoment } from "../../format.ts";
import { Page } from "../../layout/page.tsx";
import { Choice } from "../../ui/choice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Scroll } from "../../ui/scroll.tsx";

const shownChoices = [
  { value: "all", label: "All" },
  { value: "proven", label: "Proven" },
  { value: "open", label: "Open" },
] as const;

const keep: Readonly<Record<string, (row: ComplianceRow) => boolean>> = {
  proven: ({ problems }) => problems.length === 0,
  open: ({ problems }) => problems.length > 0,
};

/** Every security requirement with what proves it, as it was when this page was built. */
export function CompliancePage() {
  const [shown, setShown] = useState("all");
  const proven = table.rows.filter(({ problems }) => problems.length === 0).length;
  const rows = table.rows.filter(keep[shown] ?? (() => true));
  return (
    <Page
      title="Compliance"
      lead={<Measured />}
      aside={
        <Choice
          label="Which"
          name="shown"
          options={shownChoices}
          value={shown}
          onChange={setShown}
        />
      }
    >
      {table.findings.length > 0 && (
        <Notice tone="attention" title="Not the last word">
          <ul>{table.findings.map((finding) => <li key={finding}>{finding}</li>)}</ul>
          <p>
            <code>npm test</code> and <code>payments compliance</code> say what is true now.
          </p>
        </Notice>
      )}
      <Panel title={`${proven} of ${table.rows.length} requirements proven`}>
        <Scroll label="Requirements">
          <thead>
            <tr>
              <th scope="col">Row</th>
              <th scope="col">State</th>
              <th scope="col">Must</th>
              <th scope="col">By</th>
              <th scope="col" className="number">Tests</th>
              <th scope="col" className="number">Mutations</th>
              <th scope="col">Page</th>
            </tr>
          </thead>
          <tbody>{rows.map((row) => <Row key={row.id} row={row} />)}</tbody>
        </Scroll>
      </Panel>
    </Page>
  );
}

function Measured() {
  const { run, commit, builtAt } = table;
  const measured = run === null
    ? "No run of the tests was found, so no row that needs one is proven."
    : `Measured by the test run of ${formatMoment(new Date(run.startedAt))}: ${
      formatCount(run.passed)
    } passed, ${formatCount(run.failed)} failed.`;
  const changed = commit?.endsWith("+") === true ? " with changes that are not committed" : "";
  return (
    <>
      {`${measured} Built ${formatMoment(new Date(builtAt))}`}
      {commit !== null && (
        <>
          {" on commit "}
          <code>{commit.replace("+", "")}</code>
        </>
      )}
      {`${changed}.`}
    </>
  );
}

function Row({ row }: { readonly row: ComplianceRow }) {
  return (
    <tr>
      <th scope="row">{row.id}</th>
      <td>
        {row.problems.length === 0
          ? <Badge tone="good">proven</Badge>
          : <Badge tone="attention">{row.problems.join(", ")}</Badge>}
      </td>
      <td className="wide">
        {row.must}
        {row.records.map(({ what, status, expiresOn }) => (
          <span key={what} className="fine record">{what}: {status}, until {expiresOn}</span>
        ))}
      </td>
      <td>{row.kind}</td>
      <td className="number">{row.tests}</td>
      <td className="number">{row.mutations}</td>
      <td>{row.page !== null && <code>{row.page.replace("docs/", "")}</code>}</td>
    </tr>
  );
}
