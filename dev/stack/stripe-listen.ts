import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import type { Log } from "./log.ts";
import { readLines } from "./log.ts";
import { endProcess, guardProcess, type ProcessGuard } from "./process.ts";

/** The Stripe CLI, bringing test-mode events from Stripe to this machine. */
export interface StripeListen {
  /** What the CLI signs its deliveries with; the same for every run with one key. */
  readonly webhookSecret: string;
  /** Starts forwarding; resolves when Stripe has accepted the session. */
  forwardTo(webhookUrl: string, events: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export interface StripeListenOptions {
  secretKey: string;
  guard: ProcessGuard;
  log: Log;
}

const readyTimeoutMs = 30_000;

/** The program itself: the package's own launcher passes no signal on. */
function locateCli(): string {
  const windows = platform() === "win32";
  const name = `@stripe/cli-${windows ? "win32" : platform()}-${arch()}/package.json`;
  const fromCli = createRequire(createRequire(import.meta.url).resolve("@stripe/cli/package.json"));
  return join(dirname(fromCli.resolve(name)), "bin", windows ? "stripe.exe" : "stripe");
}

/** Asks Stripe for the signing secret. @throws with the CLI's words when Stripe refuses the key */
export async function startStripeListen(options: StripeListenOptions): Promise<StripeListen> {
  const webhookSecret = await printSecret(options.secretKey);
  let child: Deno.ChildProcess | undefined;
  return {
    webhookSecret,
    async forwardTo(webhookUrl, events) {
      if (child !== undefined) await endProcess(child, "SIGTERM", 3_000);
      child = spawnListen(webhookUrl, events, options);
      await untilReady(child, options.log);
    },
    async stop() {
      if (child !== undefined) await endProcess(child, "SIGTERM", 3_000);
    },
  };
}

async function printSecret(secretKey: string): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(locateCli(), {
    args: ["listen", "--print-secret", "--skip-update"],
    env: cliEnv(secretKey),
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  const secret = /whsec_\w+/.exec(decoder.decode(stdout))?.[0];
  if (secret !== undefined) return secret;
  throw new Error(`stripe listen gave no signing secret:\n${decoder.decode(stderr).trim()}`);
}

function spawnListen(
  webhookUrl: string,
  events: readonly string[],
  options: StripeListenOptions,
): Deno.ChildProcess {
  const child = new Deno.Command(locateCli(), {
    args: [
      "listen",
      "--skip-update",
      "--latest",
      "--events",
      events.join(","),
      "--forward-to",
      webhookUrl,
    ],
    env: cliEnv(options.secretKey),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  guardProcess(options.guard, child, "SIGTERM");
  return child;
}

/** In the environment, where other users' `ps` does not show it. */
function cliEnv(secretKey: string): Record<string, string> {
  return { STRIPE_API_KEY: secretKey, NO_COLOR: "1" };
}

function untilReady(child: Deno.ChildProcess, log: Log): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error("stripe listen did not start in time")),
      readyTimeoutMs,
    );
    const onLine: Log = (line) => {
      log(`[stripe listen] ${line.replace(/whsec_\w+/g, "whsec_…")}`);
      if (!line.includes("Ready!")) return;
      clearTimeout(timer);
      resolve();
    };
    void readLines(child.stdout, onLine);
    void readLines(child.stderr, onLine);
    void child.status.then(({ code }) => {
      clearTimeout(timer);
      reject(new Error(`stripe listen ended with code ${code}`));
    });
  });
}
