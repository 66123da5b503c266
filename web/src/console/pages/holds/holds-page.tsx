import { useCallback } from "react";
import * as z from "zod/mini";
import { moment } from "../../../billing/moment.ts";
import { done } from "../../api/ask.ts";
import { useLive } from "../../api/use-live.ts";
import { Page } from "../../layout/page.tsx";
import { hrefOf } from "../../routing/use-route.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { Action } from "../../ui/action.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/panel.tsx";
import { ReasonGate } from "../../ui/reason-gate.tsx";
import { Scroll } from "../../ui/scroll.tsx";

const holdsSchema = z.object({
  users: z.array(z.object({
    user_id: z.string(),
    reason: z.string(),
    placed_by: z.string(),
    placed_at: moment,
  })),
  addresses: z.array(z.object({
    address_hash: z.string(),
    reason: z.string(),
    placed_at: moment,
    expires_at: moment,
  })),
});

type Holds = z.infer<typeof holdsSchema>;

/** Who and what may not pay for now, and the way back. */
export function HoldsPage() {
  return (
    <ReasonGate title="Holds" what="who is on hold">
      {(reason) => <HoldsView reason={reason} />}
    </ReasonGate>
  );
}

function HoldsView({ reason }: { readonly reason: string }) {
  const { ask } = useStaff();
  const read = useCallback(() => ask("staff_list_holds", { p_reason: reason }, holdsSchema), [
    ask,
    reason,
  ]);
  const live = useLive(read);
  const onDone = () => void live.reload();
  return (
    <Page
      title="Holds"
      lead="A hold stops payments and closes the checkouts that are open. What was counted before a release counts no more."
      live={live}
    >
      <LiveView live={live} label="Loading holds">
        {({ users, addresses }) => (
          <>
            <Users users={users} onDone={onDone} />
            <Addresses addresses={addresses} onDone={onDone} />
          </>
        )}
      </LiveView>
    </Page>
  );
}

function Users({ users, onDone }: { readonly users: Holds["users"]; readonly onDone: () => void }) {
  const { ask, may } = useStaff();
  return (
    <Panel title="Users on hold">
      {users.length === 0
        ? <p className="empty">No user is on hold.</p>
        : (
          <Scroll label="Users on hold">
            <thead>
              <tr>
                <th scope="col">User</th>
                <th scope="col">Since</th>
                <th scope="col">By</th>
                <th scope="col">Reason</th>
                {may("hold.set") && <th scope="col">Act</th>}
              </tr>
            </thead>
            <tbody>
              {users.map(({ user_id: user, reason, placed_by: by, placed_at: at }) => (
                <tr key={user}>
                  <td>
                    <a href={hrefOf("customers", user)}>
                      <code>{user}</code>
                    </a>
                  </td>
                  <td>
                    <Moment at={at} />
                  </td>
                  <td>{by}</td>
                  <td className="wide">{reason}</td>
                  {may("hold.set") && (
                    <td>
                      <Action
                        label="Release"
                        title="Release this user?"
                        confirm="Release"
                        run={(why) =>
                          ask("staff_release_hold", { p_user_id: user, p_reason: why }, done)}
                        onDone={onDone}
                      >
                        <p>They can pay again from their next request on.</p>
                      </Action>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </Scroll>
        )}
    </Panel>
  );
}

function Addresses(
  { addresses, onDone }: { readonly addresses: Holds["addresses"]; readonly onDone: () => void },
) {
  const { ask, may } = useStaff();
  return (
    <Panel title="Addresses on hold">
      {addresses.length === 0
        ? <p className="empty">No address is on hold.</p>
        : (
          <Scroll label="Addresses on hold">
            <thead>
              <tr>
                <th scope="col">Address, as a keyed hash</th>
                <th scope="col">Since</th>
                <th scope="col">Ends</th>
                <th scope="col">Reason</th>
                {may("hold.set") && <th scope="col">Act</th>}
              </tr>
            </thead>
            <tbody>
              {addresses.map(({ address_hash: hash, reason, placed_at: at, expires_at: ends }) => (
                <tr key={`${hash} ${at.getTime()}`}>
                  <td>
                    <code>{hash}</code>
                  </td>
                  <td>
                    <Moment at={at} />
                  </td>
                  <td>
                    <Moment at={ends} />
                  </td>
                  <td className="wide">{reason}</td>
                  {may("hold.set") && (
                    <td>
                      <Action
                        label="Release"
                        title="Release this address?"
                        confirm="Release"
                        run={(why) =>
                          ask(
                            "staff_release_address",
                            { p_address_hash: hash, p_reason: why },
                            done,
                          )}
                        onDone={onDone}
                      >
                        <p>People behind it can pay again from their next request on.</p>
                      </Action>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </Scroll>
        )}
    </Panel>
  );
}
