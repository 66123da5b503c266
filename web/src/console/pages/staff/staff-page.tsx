import { useCallback } from "react";
import * as z from "zod/mini";
import { moment } from "../../../billing/moment.ts";
import { Badge } from "../../../ui/badge.tsx";
import { Field } from "../../../ui/field.tsx";
import { done } from "../../api/ask.ts";
import { useLive } from "../../api/use-live.ts";
import { Page } from "../../layout/page.tsx";
import { useStaff } from "../../staff/staff-context.ts";
import { Action } from "../../ui/action.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/panel.tsx";
import { ReasonGate } from "../../ui/reason-gate.tsx";
import { Scroll } from "../../ui/scroll.tsx";
import { Select } from "../../ui/select.tsx";

const staffSchema = z.object({
  staff: z.array(z.object({
    user_id: z.string(),
    role: z.string(),
    granted_by: z.string(),
    granted_at: moment,
  })),
});

type Member = z.infer<typeof staffSchema>["staff"][number];

const roles = ["support", "finance", "auditor", "admin"].map((value) => ({ value, label: value }));

/** Who has which role, and who gave it. */
export function StaffPage() {
  return (
    <ReasonGate title="Staff" what="who has a role">
      {(reason) => <StaffView reason={reason} />}
    </ReasonGate>
  );
}

function StaffView({ reason }: { readonly reason: string }) {
  const { ask, may } = useStaff();
  const read = useCallback(() => ask("staff_list", { p_reason: reason }, staffSchema), [
    ask,
    reason,
  ]);
  const live = useLive(read);
  const onDone = () => void live.reload();
  return (
    <Page
      title="Staff"
      lead="A role is looked up on every call: taken away, it is gone on the next one."
      live={live}
      aside={may("staff.grant") && <Grant onDone={onDone} />}
    >
      <Panel title="Who has a role">
        <LiveView live={live} label="Loading staff">
          {({ staff }) => <Members staff={staff} onDone={onDone} />}
        </LiveView>
      </Panel>
    </Page>
  );
}

interface MembersProps {
  readonly staff: readonly Member[];
  readonly onDone: () => void;
}

function Members({ staff, onDone }: MembersProps) {
  const { may, userId } = useStaff();
  return (
    <Scroll label="Who has a role">
      <thead>
        <tr>
          <th scope="col">User</th>
          <th scope="col">Role</th>
          <th scope="col">Given by</th>
          <th scope="col">Since</th>
          {may("staff.grant") && <th scope="col">Act</th>}
        </tr>
      </thead>
      <tbody>
        {staff.map((one) => (
          <tr key={`${one.user_id} ${one.role}`}>
            <td>
              <code>{one.user_id}</code> {one.user_id === userId && <Badge tone="quiet">you</Badge>}
            </td>
            <td>{one.role}</td>
            <td>
              <code>{one.granted_by}</code>
            </td>
            <td>
              <Moment at={one.granted_at} />
            </td>
            {may("staff.grant") && (
              <td>
                <Revoke member={one} onDone={onDone} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </Scroll>
  );
}

function Revoke({ member: { user_id: user, role }, onDone }: {
  readonly member: Member;
  readonly onDone: () => void;
}) {
  const { ask } = useStaff();
  return (
    <Action
      label={`Take ${role}`}
      title={`Take the role ${role}?`}
      confirm="Take it"
      isDangerous
      run={(reason) =>
        ask("staff_revoke_role", { p_user_id: user, p_role: role, p_reason: reason }, done)}
      onDone={onDone}
    >
      <p>It works on their next call, with the session they have. The last admin stays.</p>
    </Action>
  );
}

function Grant({ onDone }: { readonly onDone: () => void }) {
  const { ask } = useStaff();
  const run = (reason: string, form: FormData) => {
    const user = form.get("user");
    return ask("staff_grant_role", {
      p_user_id: typeof user === "string" ? user.trim() : user,
      p_role: form.get("role"),
      p_reason: reason,
    }, done);
  };
  return (
    <Action
      label="Give a role"
      title="Give somebody a role?"
      confirm="Give it"
      run={run}
      onDone={onDone}
    >
      <Field label="User id" name="user" autoComplete="off" hint="As Auth shows it: a UUID." />
      <Select label="Role" name="role" options={roles} />
    </Action>
  );
}
