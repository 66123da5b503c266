import { done } from "../../api/ask.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { Action } from "../../ui/action.tsx";
import { Person } from "./person.tsx";
import type { LegalHold } from "./schemas.ts";

interface ReleaseProps {
  readonly hold: LegalHold;
  readonly onDone: () => void;
}

/** How far the release of a hold is, who must act next, and the act where it is the reader's. */
export function Release({ hold, onDone }: ReleaseProps) {
  const { may, userId } = useStaff();
  const { release_requested_by: asker, release_request_reason: why } = hold;
  const placedIt = hold.placed_by === userId;
  const releases = may("legal_hold.release");
  if (asker === null) {
    return releases ? <AskForRelease hold={hold} onDone={onDone} /> : <>Nobody has asked.</>;
  }
  return (
    <>
      <p>
        Asked for by <Person id={asker} />
      </p>
      <p className="detail">{why}</p>
      {(placedIt || asker === userId) && (
        <p>
          {asker === userId ? "You asked" : "You placed it"}: another must release it.
        </p>
      )}
      {!placedIt && asker !== userId && (
        releases ? <Give hold={hold} onDone={onDone} /> : <p>Another must release it.</p>
      )}
      {releases && placedIt && asker !== userId && (
        <AskForRelease hold={hold} onDone={onDone} insteadOfAnother />
      )}
    </>
  );
}

interface AskForReleaseProps extends ReleaseProps {
  /** Of two people who may, one placed it and the other asked: with the first as asker the other may release. */
  readonly insteadOfAnother?: boolean;
}

function AskForRelease({ hold, onDone, insteadOfAnother = false }: AskForReleaseProps) {
  const { ask } = useStaff();
  return (
    <Action
      label={insteadOfAnother ? "Ask instead" : "Ask for release"}
      title="Ask for the release of this legal hold?"
      confirm="Ask"
      run={(reason) =>
        ask("staff_request_hold_release", { p_hold: hold.id, p_reason: reason }, done)}
      onDone={onDone}
    >
      <p>
        {insteadOfAnother
          ? "You ask in place of who did, who may then release it."
          : "It stays in force until another, who did not place it either, releases it."}
      </p>
    </Action>
  );
}

function Give({ hold, onDone }: ReleaseProps) {
  const { ask } = useStaff();
  return (
    <Action
      label="Release"
      title="Release this legal hold?"
      confirm="Release"
      isDangerous
      run={(reason) => ask("staff_release_legal_hold", { p_hold: hold.id, p_reason: reason }, done)}
      onDone={onDone}
    >
      <p>The next purge deletes, for good, what is past its time and no other hold keeps.</p>
    </Action>
  );
}
