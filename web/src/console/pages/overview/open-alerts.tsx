import { hrefOf } from "../../routing/use-route.ts";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Scroll } from "../../ui/scroll.tsx";
import { Severity } from "../../ui/severity.tsx";
import type { Overview } from "./read-overview.ts";

/** Open alerts by rule; whom they are about is on their own page. */
export function OpenAlerts({ overview: { alerts } }: { readonly overview: Overview }) {
  return (
    <Panel title="Open alerts" aside={<a href={hrefOf("alerts")}>All alerts</a>}>
      {alerts.length === 0
        ? <p className="empty">No alert is open.</p>
        : (
          <Scroll label="Open alerts">
            <thead>
              <tr>
                <th scope="col">Severity</th>
                <th scope="col">Alert</th>
                <th scope="col" className="number">Open</th>
                <th scope="col">Last seen</th>
              </tr>
            </thead>
            <tbody>
              {alerts.map((alert) => (
                <tr key={`${alert.rule} ${alert.severity}`}>
                  <td>
                    <Severity of={alert.severity} />
                  </td>
                  <td>{alert.title}</td>
                  <td className="number">{alert.open}</td>
                  <td>
                    <Moment at={alert.last_seen_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </Scroll>
        )}
    </Panel>
  );
}
