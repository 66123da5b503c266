import type { World } from "./world.ts";

/** What a runbook's <placeholders> stand for, besides the incident and its time. */
export type Values = Readonly<Record<string, string>>;

/** What has happened, and how to see how it goes on. */
export interface Disaster {
  readonly values: Values;
  /** Whether it shows: what the runbook says under "Shows as". */
  readonly shows: () => Promise<boolean>;
  /** Whether it has stopped: what the runbook says under "Contained when". */
  readonly contained: () => Promise<boolean>;
  /** What people do outside of the command line before the way back. */
  readonly repair?: () => Promise<void>;
  /** Whether all is as before. */
  readonly over: () => Promise<boolean>;
}

/** One runbook, and how to make happen what it is about. */
export interface Scenario {
  /** The runbook's name. */
  readonly name: string;
  readonly cause: (world: World) => Promise<Disaster>;
}

/** Status of an answer, its body given back to the connection. */
export async function statusOf(answer: Promise<Response>): Promise<number> {
  const response = await answer;
  await response.body?.cancel();
  return response.status;
}

/** A fresh id with Stripe's prefix. */
export function stripeId(prefix: string): string {
  return `${prefix}_${crypto.randomUUID().replaceAll("-", "")}`;
}

/** Somebody new can open a checkout. */
export async function isOpen(world: World): Promise<boolean> {
  return await statusOf(world.checkout(await world.signUp())) === 200;
}
