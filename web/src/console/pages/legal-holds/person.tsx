import { Badge } from "../../../ui/badge.tsx";
import { useStaff } from "../../staff/staff-context.ts";

/** Who did something: a member's id, or the name that was given on the command line. */
export function Person({ id }: { readonly id: string }) {
  const { userId } = useStaff();
  return (
    <>
      <code title={id}>{id}</code> {id === userId && <Badge tone="quiet">you</Badge>}
    </>
  );
}
