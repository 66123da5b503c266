import { useCallback } from "react";
import * as z from "zod/mini";
import { moment } from "../../../billing/moment.ts";
import type { Tone } from "../../../billing/status-words.ts";
import { Badge } from "../../../ui/badge.tsx";
import { useLive } from "../../api/use-live.ts";
import { asWords, formatCount, formatSpan } from "../../format.ts";
import { Page } from "../../layout/page.tsx";
import { hrefOf } from "../../routing/use-route.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { DocLink } from "../../ui/doc-link.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Scroll } from "../../ui/scroll.tsx";

const keysSchema = z.object({
  now: moment,
  secrets: z.array(z.object({
    fingerprint: z.string(),
    kind: z.string(),
    used_by: z.string(),
    first_used_at: moment,
    last_used_at: moment,
  })),
  encryption_keys: z.array(z.object({
    key_id: z.string(),
    first_seen_at: moment,
    is_current: z.boolean(),
    in_ring: z.boolean(),
    values: z.number(),
  })),
});

type Keys = z.infer<typeof keysSchema>;

const daySeconds = 86_400;
/** As `payments keys` has it: from here on a secret is to be replaced. */
const oldSeconds = 90 * daySeconds;

const everyMs = 60_000;

/** Age and last use of each secret, by what the database saw of it. */
export function KeysPage() {
  const { ask } = useStaff();
  const read = useCallback(() => ask("staff_list_keys", {}, keysSchema), [ask]);
  const live = useLive(read, { everyMs });
  return (
    <Page
      title="Keys"
      lead="Fingerprints and ids, never a key: the database does not have them. What was never used here is not on this page."
      live={live}
    >
      <LiveView live={live} label="Loading keys">
        {(keys) => (
          <>
            <Secrets keys={keys} />
            <EncryptionKeys keys={keys} />
          </>
        )}
      </LiveView>
    </Page>
  );
}

function Secrets({ keys: { now, secrets } }: { readonly keys: Keys }) {
  const { may } = useStaff();
  return (
    <Panel
      title="Webhook secrets and functions’ keys"
      aside={<DocLink path="docs/runbooks/rotate-keys.md">How to rotate</DocLink>}
    >
      {secrets.length === 0
        ? <p className="empty">No secret was used yet.</p>
        : (
          <Scroll label="Webhook secrets and functions’ keys">
            <thead>
              <tr>
                <th scope="col">Fingerprint</th>
                <th scope="col">Kind</th>
                <th scope="col">Used by</th>
                <th scope="col" className="number">Age</th>
                <th scope="col">Last use</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {secrets.map((key) => {
                const age = (now.getTime() - key.first_used_at.getTime()) / 1000;
                const quiet = (now.getTime() - key.last_used_at.getTime()) / 1000;
                const { tone, words } = stateOf(age, quiet);
                return (
                  <tr key={key.fingerprint}>
                    <td>
                      <code>{key.fingerprint}</code>
                    </td>
                    <td>{asWords(key.kind)}</td>
                    <td>{key.used_by}</td>
                    <td className="number">{formatSpan(age)}</td>
                    <td>
                      <Moment at={key.last_used_at} />
                    </td>
                    <td>
                      <Badge tone={tone}>{words}</Badge>{" "}
                      {tone === "bad" && may("incident.manage") && (
                        <a href={hrefOf("incidents")}>If it leaked</a>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </Scroll>
        )}
    </Panel>
  );
}

function stateOf(age: number, quiet: number): { tone: Tone; words: string } {
  if (quiet > daySeconds) return { tone: "quiet", words: "out of use" };
  return age > oldSeconds ? { tone: "bad", words: "old" } : { tone: "good", words: "in use" };
}

function EncryptionKeys({ keys: { now, encryption_keys: keys } }: { readonly keys: Keys }) {
  return (
    <Panel title="Encryption keys">
      {keys.length === 0
        ? <p className="empty">The worker has shown none yet.</p>
        : (
          <Scroll label="Encryption keys">
            <thead>
              <tr>
                <th scope="col">Id</th>
                <th scope="col" className="number">Age</th>
                <th scope="col" className="number">Values under it</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {keys.map((key) => (
                <tr key={key.key_id}>
                  <td>
                    <code>{key.key_id}</code>
                  </td>
                  <td className="number">
                    {formatSpan((now.getTime() - key.first_seen_at.getTime()) / 1000)}
                  </td>
                  <td className="number">{formatCount(key.values)}</td>
                  <td>
                    <EncryptionState of={key} />
                  </td>
                </tr>
              ))}
            </tbody>
          </Scroll>
        )}
    </Panel>
  );
}

function EncryptionState({ of: { is_current: isCurrent, in_ring: isHere, values } }: {
  readonly of: Keys["encryption_keys"][number];
}) {
  if (isCurrent) return <Badge tone="good">current</Badge>;
  if (isHere) {
    return values === 0
      ? <Badge tone="attention">can be thrown away</Badge>
      : <Badge tone="attention">being replaced</Badge>;
  }
  return values === 0
    ? <Badge tone="quiet">gone</Badge>
    : <Badge tone="bad">values nobody can read</Badge>;
}
