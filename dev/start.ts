// `npm start`: the local stack, the demo shop and the operator console, until Ctrl-C.
// `npm start -- --traffic`: and a busy day in them.
import { type DemoOperator, makeDemoOperator } from "./stack/demo-operator.ts";
import { runUntilSignal } from "./stack/run-until-signal.ts";
import { startShop } from "./stack/shop-server.ts";
import { readStackEnv } from "./stack/stack-env.ts";
import { type Stack, startStack } from "./stack/start-stack.ts";
import { isVerbose, stackLog } from "./stack/stack-log.ts";
import { readStartOptions } from "./traffic/read-options.ts";
import { startTraffic } from "./traffic/start-traffic.ts";

await runUntilSignal(async () => {
  const { traffic: wantsTraffic, seed } = readStartOptions(Deno.args);
  const env = readStackEnv(Deno.env.toObject());
  if (wantsTraffic && env.stripeSecretKey !== undefined) {
    throw new Error("--traffic needs the local stand-in for Stripe: unset the Stripe key");
  }
  console.log("Starting the local stack …");
  const stack = await startStack({ ...env, log: stackLog });
  try {
    const [shop, operator] = await Promise.all([
      stack.timings.measure("shop", () => startShop(stack.state)),
      stack.timings.measure("operator", () => makeDemoOperator(stack.state)),
    ]);
    if (isVerbose) stack.timings.report(console.error);
    console.log(welcome(stack, operator, env.stripeSecretKey !== undefined));
    const traffic = wantsTraffic
      ? startTraffic(stack.state, seed, (line) => console.log(`  ${line}`))
      : undefined;
    return {
      async stop() {
        await traffic?.stop();
        await shop.close();
        await stack.stop();
      },
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
});

function welcome(
  { state, stateFile }: Stack,
  operator: DemoOperator,
  usesStripeItself: boolean,
): string {
  const stripe = usesStripeItself
    ? "Stripe itself, test mode (webhooks by stripe listen)"
    : `${state.stripeUrl}   (a local stand-in; no account needed)`;
  return `
  Shop           ${state.webUrl}
  Console        ${state.webUrl}/console/   (for who operates it; this stack only)
                 ${operator.email}, password ${operator.password}
  Supabase API   ${state.supabaseUrl}
  Stripe         ${stripe}
  Keys           ${stateFile}

  Sign up in the shop with any e-mail address and pay with card 4242 4242 4242 4242, any future
  date, any CVC. 4000 0000 0000 0002 is declined. Ctrl-C stops everything.
`;
}
