import { useState } from "react";
import type { Outcome } from "../../../api/failure.ts";
import type { Tone } from "../../../billing/status-words.ts";
import { Badge } from "../../../ui/badge.tsx";
import { Button } from "../../../ui/button.tsx";
import { useSingleFlight } from "../../../ui/use-single-flight.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { hrefOf } from "../../routing/use-route.ts";
import { Action } from "../../ui/action.tsx";
import { download } from "../../ui/download.ts";
import { Moment } from "../../ui/moment.tsx";
import { Scroll } from "../../ui/scroll.tsx";
import { type AuditRow, proofSchema } from "./schemas.ts";

const tones: Readonly<Record<string, Tone>> = {
  success: "good",
  refused: "attention",
  failure: "bad",
};

interface AuditRowsProps {
  readonly rows: readonly AuditRow[];
  readonly more: (before: { at: Date; id: string }) => Promise<Outcome<{ rows: AuditRow[] }>>;
  readonly pageSize: number;
}

/** Rows of the trail, newest first, each with its seal and its proof. */
export function AuditRows({ rows: first, more, pageSize }: AuditRowsProps) {
  const [rows, setRows] = useState(first);
  const [isAll, setIsAll] = useState(first.length < pageSize);
  const { busy, run } = useSingleFlight(async () => {
    const last = rows.at(-1);
    if (last === undefined) return "done" as const;
    const outcome = await more({ at: last.occurred_at, id: last.id });
    if (outcome.ok) {
      setRows([...rows, ...outcome.value.rows]);
      setIsAll(outcome.value.rows.length < pageSize);
    }
    return "done" as const;
  });
  return (
    <>
      <Scroll label="Rows">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Action</th>
            <th scope="col">Outcome</th>
            <th scope="col">Seal</th>
            <th scope="col">Who</th>
            <th scope="col">About</th>
            <th scope="col">Reason and detail</th>
            <th scope="col">Request</th>
          </tr>
        </thead>
        <tbody>{rows.map((row) => <Row key={row.id} row={row} />)}</tbody>
      </Scroll>
      {!isAll && <Button look="quiet" busy={busy} onClick={run}>Older rows</Button>}
    </>
  );
}

function Row({ row }: { readonly row: AuditRow }) {
  return (
    <tr>
      <td>
        <Moment at={row.occurred_at} exact />
      </td>
      <td>{row.action}</td>
      <td>
        <Badge tone={tones[row.outcome] ?? "quiet"}>{row.outcome}</Badge>
      </td>
      <td>
        <Proof row={row} />
      </td>
      <td>
        {row.actor_type}
        {row.actor_id !== null && (
          <>
            {" "}
            <Narrow field="actor" value={row.actor_id} />
          </>
        )}
      </td>
      <td>
        {row.resource_type}
        {row.resource_id !== null && (
          <>
            {" "}
            <Narrow field="resource" value={row.resource_id} />
          </>
        )}
      </td>
      <td className="wide">
        {row.reason}{" "}
        {Object.keys(row.detail).length > 0 && (
          <code className="detail">{JSON.stringify(row.detail)}</code>
        )}
      </td>
      <td>{row.request_id !== null && <Narrow field="request" value={row.request_id} />}</td>
    </tr>
  );
}

/** A value that narrows the search to itself; long ones are cut, whole in the title. */
function Narrow({ field, value }: { readonly field: string; readonly value: string }) {
  return (
    <a href={hrefOf("audit", undefined, { [field]: value, span: "30d" })} title={value}>
      <code>{value.length > 14 ? `${value.slice(0, 13)}…` : value}</code>
    </a>
  );
}

function Proof({ row: { id, seal_number: seal } }: { readonly row: AuditRow }) {
  const { ask } = useStaff();
  if (seal === null) return <Badge tone="quiet">pending</Badge>;
  const take = async (reason: string) => {
    const outcome = await ask("staff_prove_audit_row", { p_id: id, p_reason: reason }, proofSchema);
    if (outcome.ok) {
      download(`proof-${id}.json`, `${JSON.stringify(outcome.value.proof, null, 2)}\n`);
    }
    return outcome;
  };
  return (
    <Action
      label={`Proof, seal ${seal}`}
      look="quiet"
      title="Take the proof of this row?"
      confirm="Download"
      run={take}
      onDone={() => {}}
    >
      <p>
        The file proves that the row was in the trail when seal {seal}{" "}
        was made. Whoever has the public keys checks it without us:{" "}
        <code>node docs/verify-proof.mjs keys.json proof.json</code>
      </p>
    </Action>
  );
}
