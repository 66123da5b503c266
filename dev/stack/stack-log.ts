/** PAYMENTS_STACK_DEBUG=1: every line of every part, and where the start's time goes. */
export const isVerbose: boolean = Deno.env.get("PAYMENTS_STACK_DEBUG") === "1";

/** What nobody misses without debug: Postgres, the twin, and the functions' entries for requests that went well. */
const chatter = /^\[(postgres|stripe twin)\]|"level":"info"/;

export function stackLog(line: string): void {
  if (isVerbose || !chatter.test(line)) console.error(line);
}
