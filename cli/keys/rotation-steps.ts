import { renderAge } from "../render-columns.ts";
import type { KeyLine } from "./key-uses.ts";

/** What can be rotated; each has its page or command. */
export const ROTATIONS = ["webhook", "functions", "stripe", "encryption", "audit", "hash"] as const;
export type Rotation = (typeof ROTATIONS)[number];

export interface Step {
  readonly what: string;
  /** null: nothing here can tell. */
  readonly done: boolean | null;
}

/** The steps of a rotation in their order, with what the database and the environment say of each. */
export function rotationSteps(rotation: Rotation, keys: readonly KeyLine[]): Step[] {
  return rotation === "webhook" ? webhookSteps(keys) : MANUAL[rotation].map((what) => ({
    what,
    done: null,
  }));
}

/** A secret's overlap: the new one verifies before the old one goes, and no event is lost. */
function webhookSteps(keys: readonly KeyLine[]): Step[] {
  const configured = keys.filter((key) => key.kind === "webhook_secret" && key.configured !== null)
    .toSorted((a, b) => Number(a.configured) - Number(b.configured));
  const [newest, ...older] = configured;
  const alone = older.length === 0;
  const isUsed = newest !== undefined && newest.first !== null;
  const busy = older.filter(({ last }) => last !== null && last < (newest?.first ?? 0));
  return [
    ...(newest === undefined
      ? [{
        what:
          "this command cannot tell how far you are: give it STRIPE_WEBHOOK_SECRETS as the functions have it",
        done: false,
      }]
      : []),
    {
      what: "Stripe: roll the endpoint's secret, and let the old one live for 24 hours",
      done: alone ? null : true,
    },
    {
      what:
        "set STRIPE_WEBHOOK_SECRETS=<new>,<old> for stripe-webhook (newest first, at most three)",
      done: newest === undefined ? null : !alone,
    },
    {
      what: `wait until the new one${
        newest === undefined ? "" : ` (${newest.fingerprint})`
      } has verified an event`,
      done: alone ? null : isUsed,
    },
    {
      what: "wait until no older one verifies any more" +
        busy.map(({ fingerprint, last }) => `; ${fingerprint} did ${renderAge(last ?? 0)} ago`)
          .join(""),
      done: alone ? null : isUsed && busy.length === 0,
    },
    {
      what: "set STRIPE_WEBHOOK_SECRETS=<new>",
      done: newest === undefined || (alone && isUsed) ? null : false,
    },
  ];
}

const MANUAL: Readonly<Record<Exclude<Rotation, "webhook">, readonly string[]>> = {
  functions: [
    "docs/function-keys.md, Replace one: a second key with the same role, then the old one goes",
    "payments keys: the new fingerprint is in use, the old one is out of use",
  ],
  stripe: [
    "Stripe: make a second restricted key with the permissions of docs/stripe-keys.md",
    "set STRIPE_SECRET_KEY for all functions that have it, from a file (docs/configuration.md, Set a secret)",
    "payments doctor, and one checkout: both fine",
    "Stripe: the old key's last use (Developers, API keys) is before the change; expire it",
  ],
  encryption: [
    "put the new key first in PAYMENTS_ENCRYPTION_KEYS, the old one behind it, in all functions",
    "payments encryption status --watch: comes back when nothing lies under the old one",
    "take the old one out of PAYMENTS_ENCRYPTION_KEYS",
  ],
  audit: [
    "payments audit new-key: prints a pair and what to set (docs/audit.md, Keys)",
    "publish the new public key with its beginning before the worker signs with it",
    "payments audit verify: rows before and after the change verify",
  ],
  hash: [
    "a new PAYMENTS_HASH_KEY makes every address a new one: limits by address begin anew, holds on addresses end",
    "set it at a quiet hour, in all functions at once",
  ],
};
