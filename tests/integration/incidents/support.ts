import { z } from "zod";
import { payments } from "../cli/support.ts";

export const because = ["--reason", "it is a drill", "--as", "Ada"];

/** Runs `payments incident …` and reads the JSON it prints. */
export async function incident(...argv: string[]) {
  const { code, out, error } = await payments(["incident", ...argv, "--json", ...because]);
  return { code, error, answer: out === "" ? {} : z.looseObject({}).parse(JSON.parse(out)) };
}

/** The same for the commands that only read. */
export async function look(...argv: string[]) {
  const { code, out, error } = await payments(["incident", ...argv, "--json"]);
  return { code, error, answer: out === "" ? {} : z.looseObject({}).parse(JSON.parse(out)) };
}

/** Opens an incident by the command and returns its id. */
export async function open(...options: string[]): Promise<string> {
  const { answer, error } = await incident(
    ...["open", "--kind", "other", "--severity", "high", "--title", "a test incident"],
    ...options,
  );
  if (typeof answer["incident"] !== "string") throw new Error(error || JSON.stringify(answer));
  return answer["incident"];
}

export const ASSESSMENT = [
  ...["--personal-data", "yes", "--nature", "billing summaries were read"],
  ...["--people-categories", "customers", "--people-count", "2"],
  ...["--record-categories", "subscriptions", "--record-count", "2"],
  ...["--consequences", "somebody knows what was bought", "--measures", "the key was replaced"],
  ...["--contact", "privacy@shop.example"],
];

export const CAUSE = ["--root-cause", "a key stood in a log that others could read"];
export const FOLLOW_UP = ["--follow-up", "2026-12-31 security: search the logs of last month"];

export function hoursAgo(hours: number): string {
  return new Date(Date.now() - hours * 3_600_000).toISOString();
}
