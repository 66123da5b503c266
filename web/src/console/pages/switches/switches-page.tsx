import { useCallback } from "react";
import { Badge } from "../../../ui/badge.tsx";
import { done } from "../../api/ask.ts";
import { useLive } from "../../api/use-live.ts";
import { Page } from "../../layout/page.tsx";
import { useStaff } from "../../staff/staff-context.ts";
import { Action } from "../../ui/action.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Panel } from "../../ui/panel.tsx";
import { settingsSchema } from "../limits/read-settings.ts";

const switches = [
  {
    name: "checkout",
    title: "Checkout",
    stops: "Nobody can begin to pay. Pages that are open at Stripe can still be paid.",
  },
  {
    name: "portal",
    title: "Customer portal",
    stops: "Nobody can change or cancel a subscription, or see invoices.",
  },
  {
    name: "webhooks",
    title: "Webhooks",
    stops:
      "Stripe’s events are answered with 503 and not stored. Stripe delivers them again, for up " +
      "to three days.",
  },
  {
    name: "all",
    title: "Everything",
    stops: "Checkout, portal, refresh and webhooks: nothing that costs or moves money works.",
  },
] as const;

const everyMs = 5_000;

/** The kill switches, each with what it stops. */
export function SwitchesPage() {
  const { ask } = useStaff();
  const read = useCallback(() => ask("staff_read_settings", {}, settingsSchema), [ask]);
  const live = useLive(read, { everyMs });
  return (
    <Page
      title="Kill switches"
      lead="Each works on the next request, and is taken back here."
      live={live}
    >
      <LiveView live={live} label="Loading the switches">
        {({ settings }) => (
          <div className="columns">
            {switches.map((one) => (
              <Switch
                key={one.name}
                {...one}
                isThrown={settings[`stop_${one.name}`] === true}
                onDone={() => void live.reload()}
              />
            ))}
          </div>
        )}
      </LiveView>
    </Page>
  );
}

interface SwitchProps {
  readonly name: string;
  readonly title: string;
  readonly stops: string;
  readonly isThrown: boolean;
  readonly onDone: () => void;
}

function Switch({ name, title, stops, isThrown, onDone }: SwitchProps) {
  const { ask, may } = useStaff();
  const set = (stop: boolean) => (reason: string) =>
    ask("staff_set_kill_switch", { p_switch: name, p_stop: stop, p_reason: reason }, done);
  return (
    <Panel
      title={title}
      aside={<Badge tone={isThrown ? "bad" : "good"}>{isThrown ? "Stopped" : "Runs"}</Badge>}
    >
      <p>{isThrown ? stops : `When stopped: ${stops}`}</p>
      {may("switch.set") && (isThrown
        ? (
          <Action
            label={`Let it run: ${lowered(title)}`}
            look="primary"
            title={`Let ${lowered(title)} run again?`}
            confirm="Let it run"
            run={set(false)}
            onDone={onDone}
          >
            <p>It works again from the next request on.</p>
          </Action>
        )
        : (
          <Action
            label={`Stop: ${lowered(title)}`}
            title={`Stop ${lowered(title)} for everybody?`}
            confirm="Stop"
            isDangerous
            run={set(true)}
            onDone={onDone}
          >
            <p>{stops}</p>
          </Action>
        ))}
    </Panel>
  );
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
