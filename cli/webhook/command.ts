import { Command } from "commander";
import { type CommandIo, type Done, type ExitCode, UsageError } from "../command-io.ts";
import { findStripe } from "../connect/stripe-target.ts";
import { createEndpoint, type Plan, planEndpoint, updateEndpoint } from "./setup-endpoint.ts";

interface SetupOptions {
  readonly url: string;
  readonly dryRun?: boolean;
  readonly live?: boolean;
  readonly json?: boolean;
}

/** The command `payments webhook`. */
export function webhookCommand(io: CommandIo, done: Done): Command {
  const setup = new Command("setup")
    .description("Make Stripe deliver exactly the handled events, in the pinned API version")
    .requiredOption("--url <url>", "where stripe-webhook listens")
    .option("--dry-run", "show what would change, and change nothing")
    .option("--live", "confirm that a live key is meant")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Uses STRIPE_SECRET_KEY (it needs "Webhook endpoints: write"), or the running local
stack's Stripe twin. A new endpoint's secret is printed to standard output, once:
Stripe never shows it again.

Exit codes: 0 the endpoint is right (or would be), 1 it cannot be made right or the
dry run found a difference, 2 wrong usage.`,
    )
    .action(async (options: SetupOptions) => done(await runSetup(options, io)));
  return new Command("webhook").description("Stripe's side of the webhook").addCommand(setup);
}

async function runSetup(options: SetupOptions, io: CommandIo): Promise<ExitCode> {
  const url = readUrl(options.url);
  const { stripe, livemode } = await findStripe(io);
  if (livemode !== (options.live === true)) {
    throw new UsageError(
      livemode
        ? "STRIPE_SECRET_KEY is a live key: add --live if you mean it"
        : "--live needs a live key",
    );
  }
  const plan = await planEndpoint(stripe, url);
  if (plan.action === "refuse" || options.dryRun === true) {
    io.out(options.json === true ? `${JSON.stringify(plan, null, 2)}\n` : describePlan(plan));
    return plan.action === "keep" ? 0 : 1;
  }
  if (plan.action === "create") {
    const { id, secret } = await createEndpoint(stripe, url);
    // the secret alone goes to standard output, so that it can be piped into a secret store
    io.out(
      options.json === true
        ? `${JSON.stringify({ action: "create", id, secret }, null, 2)}\n`
        : `STRIPE_WEBHOOK_SECRETS=${secret}\n`,
    );
    if (options.json !== true) {
      io.error(`Made endpoint ${id}. Store its secret: it is not shown again.\n`);
    }
    return 0;
  }
  if (plan.action === "update") await updateEndpoint(stripe, plan.id);
  io.out(options.json === true ? `${JSON.stringify(plan, null, 2)}\n` : describePlan(plan));
  return 0;
}

function readUrl(text: string): string {
  const url = URL.parse(text);
  const isLoopback = url !== null && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url === null || url.username !== "" || url.password !== "") {
    throw new UsageError("--url takes an https URL without user-info");
  }
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback)) {
    throw new UsageError("--url must be https: deliveries carry billing data");
  }
  return text;
}

function describePlan(plan: Plan): string {
  switch (plan.action) {
    case "create":
      return "Create the endpoint.\n";
    case "keep":
      return `${plan.id} is right: nothing to do.\n`;
    case "update": {
      const changes = [
        ...plan.add.map((type) => `  + ${type}\n`),
        ...plan.remove.map((type) => `  - ${type}\n`),
        ...(plan.enable ? ["  enable it\n"] : []),
      ];
      return `${plan.id}:\n${changes.join("")}`;
    }
    case "refuse":
      return plan.code === "several_endpoints"
        ? `Several endpoints have this URL: ${plan.ids.join(", ")}. Delete all but one in Stripe.\n`
        : `${
          plan.ids.join("")
        } has another API version, which Stripe cannot change. Delete it in Stripe, run this again and store the new secret: Stripe keeps events for redelivery, and reconciliation finds what was missed.\n`;
  }
}
