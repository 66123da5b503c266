import { parseArgs } from "node:util";
import process from "node:process";
import { startTwin } from "./start-twin.ts";

const usage = `Runs the Stripe twin alone.

  deno run -A dev/stripe-twin/main.ts [--port 12111] [--api-key sk_test_local] [--seed 1] [--quiet]
    [--endpoint http://127.0.0.1:3000/webhook --secret whsec_... [--events a,b]]
`;

const { values } = parseArgs({
  options: {
    "port": { type: "string", default: "12111" },
    "api-key": { type: "string", multiple: true, default: ["sk_test_local"] },
    "endpoint": { type: "string" },
    "secret": { type: "string" },
    "events": { type: "string", default: "*" },
    "seed": { type: "string" },
    "quiet": { type: "boolean", default: false },
    "help": { type: "boolean", default: false },
  },
});

if (values.help || (values.endpoint !== undefined && values.secret === undefined)) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}

const { endpoint, secret } = values;
const twin = await startTwin({
  port: Number(values.port),
  apiKeys: values["api-key"],
  ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
  ...(endpoint === undefined || secret === undefined
    ? {}
    : { endpoints: [{ url: endpoint, secret, enabledEvents: values.events.split(",") }] }),
  ...(values.quiet ? {} : { log: (line: string) => console.log(line) }),
});
console.log(`Stripe twin ready at ${twin.url}`);

const stop = () => void twin.close().then(() => process.exit(0));
process.on("SIGINT", stop);
process.on("SIGTERM", stop);
