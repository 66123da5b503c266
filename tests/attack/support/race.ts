// Lets several operating-system processes call a function at the same moment.
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type SignedInUser, stack } from "../../support/stack.ts";

const RACER = fileURLToPath(new URL("./racer-main.ts", import.meta.url));
const answersSchema = z.array(z.object({ status: z.number(), id: z.string().nullable() }));

export type RaceAnswer = z.infer<typeof answersSchema>[number];

export interface Racer {
  /** A function's name. */
  call: string;
  user: SignedInUser;
  bodies: readonly unknown[];
  /** Pays each session that it gets, at once. */
  pays?: boolean;
}

/** Starts a process for each racer, lets all begin together, and returns all answers. */
export async function race(racers: readonly Racer[]): Promise<RaceAnswer[]> {
  const started = racers.map(startRacer);
  try {
    await Promise.all(started.map(({ ready }) => ready));
    const answers = started.map(({ go }) => go());
    return (await Promise.all(answers)).flat();
  } finally {
    for (const { child } of started) await child.status;
  }
}

function startRacer({ call, user, bodies, pays = false }: Racer) {
  const { functionsUrl, publishableKey, stripeUrl } = stack();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-prompt", "--allow-net=127.0.0.1", RACER],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const send = (line: string) => input.write(new TextEncoder().encode(`${line}\n`));
  const ready = (async () => {
    await send(JSON.stringify({
      url: `${functionsUrl}/${call}`,
      headers: {
        "content-type": "application/json",
        apikey: publishableKey,
        authorization: `Bearer ${user.accessToken}`,
      },
      bodies,
      pay: pays ? `${stripeUrl}/_twin/checkout_sessions/:id/pay` : null,
    }));
    await output.read();
  })();
  return {
    child,
    ready,
    go: async () => {
      await send("go");
      let text = "";
      for (;;) {
        const { value, done } = await output.read();
        if (done) break;
        text += value;
      }
      await input.close().catch(() => {});
      return answersSchema.parse(JSON.parse(text));
    },
  };
}
