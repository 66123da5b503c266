import { formatCount } from "../../format.ts";
import { Panel } from "../../ui/panel.tsx";
import { Scroll } from "../../ui/scroll.tsx";
import type { Overview } from "./read-overview.ts";

/** How requests ended, by function and code. */
export function Endings({ overview: { endings } }: { readonly overview: Overview }) {
  const shown = endings.filter(({ function_name: name }) => name !== "payments-worker");
  const most = Math.max(1, ...shown.map(({ requests }) => requests));
  return (
    <Panel title="How requests ended">
      {shown.length === 0
        ? <p className="empty">No request in this time.</p>
        : (
          <Scroll label="How requests ended">
            <thead>
              <tr>
                <th scope="col">Function</th>
                <th scope="col">Code</th>
                <th scope="col" className="number">Requests</th>
              </tr>
            </thead>
            <tbody>
              {shown.slice(0, 30).map(({ function_name: name, code, requests }) => (
                <tr key={`${name} ${code}`}>
                  <td>{name}</td>
                  <td>
                    <code>{code}</code>
                  </td>
                  <td className="number">
                    <meter
                      className="bar"
                      min={0}
                      max={most}
                      value={requests}
                      aria-hidden="true"
                    />
                    {formatCount(requests)}
                  </td>
                </tr>
              ))}
            </tbody>
          </Scroll>
        )}
    </Panel>
  );
}
