import type { Command } from "commander";
import { type CommandIo, type Done, UsageError } from "../command-io.ts";
import { type OperateOptions, readUserId } from "../operate/operate.ts";
import { KEY_NAMES, keySteps } from "./key-steps.ts";
import { type Answer, readIncidentId, runStep, stepCommand } from "./step.ts";

const STEPS = `
Steps, each of which may be repeated: what is done already stays done.
  stop-all              users and webhooks hear 503        back: payments kill-switch all off
  stop-checkout         no new checkouts                   back: payments kill-switch checkout off
  stop-portal           no portal visits                   back: payments kill-switch portal off
  stop-webhooks         nothing is taken in; Stripe retries for three days
                                                           back: payments kill-switch webhooks off
  hold-user <user>      that user may not pay              back: payments release <user>
  hold-users            nor may anybody who is affected    back: payments release <user>
  revoke-sessions [user]  signs out that user, or everybody who is affected
  rotate-key <name>     prints how to replace a key; --done records that it was
Keys: ${KEY_NAMES.join(", ")}`;

const SWITCHES = ["stop-all", "stop-checkout", "stop-portal", "stop-webhooks"];

interface ContainOptions extends OperateOptions {
  readonly done?: boolean;
}

/** The command `payments incident contain`. */
export function containCommand(io: CommandIo, done: Done): Command {
  return stepCommand("contain")
    .description("Stop the damage: one step at a time, each in the trail with the incident's id")
    .argument("<step>", "what to do, see below")
    .argument("[subject]", "a user's id, or a key's name")
    .option("--done", "the key was rotated")
    .addHelpText("after", STEPS)
    .action(
      async (
        incident: string,
        step: string,
        subject: string | undefined,
        options: ContainOptions,
      ) => {
        const id = readIncidentId(incident);
        const about = subjectOf(step, subject, options);
        const recorded = step === "rotate-key" && options.done === true ? "key-rotated" : step;
        done(
          await runStep(io, {
            options,
            ask: async (sql, { name, reason }) =>
              (await sql`
            select payments_private.contain_incident(${name}, ${id}, ${recorded}, ${about}, ${reason})
              as answer`)[0]?.["answer"],
            done: (answer) => told(recorded, about, answer),
          }),
        );
      },
    );
}

/** @throws UsageError for a step that is unknown, or lacks what it is about */
function subjectOf(
  step: string,
  subject: string | undefined,
  { done }: ContainOptions,
): string | null {
  if (done === true && step !== "rotate-key") throw new UsageError("--done goes with rotate-key");
  if (SWITCHES.includes(step) || step === "hold-users") {
    if (subject !== undefined) throw new UsageError(`${step} is about nobody in particular`);
    return null;
  }
  if (step === "hold-user" && subject !== undefined) return readUserId(subject);
  if (step === "revoke-sessions") return subject === undefined ? null : readUserId(subject);
  if (step === "rotate-key" && KEY_NAMES.some((name) => name === subject)) return subject ?? null;
  if (step === "rotate-key") throw new UsageError(`The keys are ${KEY_NAMES.join(", ")}`);
  if (step === "hold-user") {
    throw new UsageError("Name the user: payments incident contain <id> hold-user <user>");
  }
  throw new UsageError(
    `The steps are ${SWITCHES.join(", ")}, hold-user, hold-users, revoke-sessions, rotate-key`,
  );
}

function told(step: string, subject: string | null, answer: Answer): string {
  if (step === "rotate-key") return keySteps(subject ?? "");
  if (answer["changed"] === false) return `${step}: done already, nothing was left to do.`;
  if (step === "key-rotated") return `Recorded: ${subject} was rotated.`;
  if (step === "revoke-sessions") return `${answer["sessions"]} sessions ended.`;
  if (step.startsWith("hold-")) return `${answer["users"]} users put on hold.`;
  return `Stopped: ${step.slice("stop-".length)}.`;
}
