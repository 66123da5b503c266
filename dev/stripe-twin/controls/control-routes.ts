import type { Context, Hono } from "hono";
import { z } from "zod";
import { cancelSubscription, setCancelAtPeriodEnd } from "../actions/cancel-subscription.ts";
import { expireCheckout } from "../actions/expire-checkout.ts";
import { makeRefund } from "../actions/make-refund.ts";
import { openDispute } from "../actions/open-dispute.ts";
import { passTime } from "../actions/pass-time.ts";
import { renewSubscription } from "../actions/renew-subscription.ts";
import { warnOfFraud } from "../actions/warn-of-fraud.ts";
import { invalidRequest, noSuch, TwinError } from "../engine/errors.ts";
import { wants } from "../engine/deliveries.ts";
import { faultsSchema } from "../engine/faults.ts";
import type { Scope } from "../engine/scope.ts";
import type { World } from "../engine/world.ts";
import { payControl } from "./pay-control.ts";
import { controlSchemas } from "./schemas.ts";

type Control<Schema extends z.ZodType> = (
  scope: Scope,
  id: string,
  body: z.output<Schema>,
) => object;

/** Registers a control: parses its body, runs it, answers with what it returns. */
type Register = <Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  run: Control<Schema>,
) => void;

/** Development only: makes happen what at Stripe people, banks and time bring about. */
export function addControls(app: Hono, world: World): void {
  const on: Register = (path, schema, run) => {
    app.post(path.replace("POST ", ""), (context) =>
      answer(async () => {
        const body = parse(schema, await readJson(context));
        return run(
          world.scope({ id: null, idempotencyKey: null }),
          context.req.param("id") ?? "",
          body,
        );
      }));
  };
  addCheckoutControls(on);
  addSubscriptionControls(on);
  addChargeControls(on);
  addWorldControls(on, world);
  addReports(app, world);
}

function addCheckoutControls(on: Register): void {
  const pay = "POST /_twin/checkout_sessions/:id/pay";
  on(pay, controlSchemas[pay], payControl);
  const expire = "POST /_twin/checkout_sessions/:id/expire";
  on(
    expire,
    controlSchemas[expire],
    (scope, id) => expireCheckout(scope, scope.store.checkoutSessions.need(id)),
  );
}

function addSubscriptionControls(on: Register): void {
  const renew = "POST /_twin/subscriptions/:id/renew";
  on(
    renew,
    controlSchemas[renew],
    (scope, id) => renewSubscription(scope, scope.store.subscriptions.need(id), false),
  );
  const fail = "POST /_twin/subscriptions/:id/fail_renewal";
  on(
    fail,
    controlSchemas[fail],
    (scope, id) => renewSubscription(scope, scope.store.subscriptions.need(id), true),
  );
  const cancel = "POST /_twin/subscriptions/:id/cancel";
  on(cancel, controlSchemas[cancel], (scope, id, body) => {
    const subscription = scope.store.subscriptions.need(id);
    return body.at_period_end === true
      ? setCancelAtPeriodEnd(scope, subscription, true)
      : cancelSubscription(scope, subscription, { reason: "cancellation_requested" });
  });
}

function addChargeControls(on: Register): void {
  const refund = "POST /_twin/charges/:id/refund";
  on(
    refund,
    controlSchemas[refund],
    (scope, id, { amount, reason }) =>
      makeRefund(scope, scope.store.charges.need(id), {
        amount,
        reason: reason ?? null,
        metadata: {},
      }),
  );
  const dispute = "POST /_twin/charges/:id/dispute";
  on(
    dispute,
    controlSchemas[dispute],
    (scope, id, { reason, inquiry }) =>
      openDispute(scope, scope.store.charges.need(id), {
        reason: reason ?? "fraudulent",
        inquiry: inquiry ?? false,
      }),
  );
  const warning = "POST /_twin/charges/:id/early_fraud_warning";
  on(
    warning,
    controlSchemas[warning],
    (scope, id, body) =>
      warnOfFraud(scope, scope.store.charges.need(id), body.fraud_type ?? "made_with_stolen_card"),
  );
}

function addWorldControls(on: Register, world: World): void {
  const again = "POST /_twin/events/:id/redeliver";
  on(again, controlSchemas[again], (_scope, id, body) => redeliver(world, id, body.endpoint));
  const clock = "POST /_twin/clock";
  on(clock, controlSchemas[clock], (scope, _id, body) => {
    world.clock.set(body.now);
    passTime(scope);
    return { now: world.clock.now() };
  });
  const reset = "POST /_twin/reset";
  on(reset, controlSchemas[reset], () => {
    world.reset();
    return { reset: true };
  });
  on("POST /_twin/faults", faultsSchema, (_scope, _id, plan) => {
    world.faults.set(plan);
    return plan;
  });
}

/** What the twin has and did. */
function addReports(app: Hono, world: World): void {
  app.get("/_twin/deliveries", () => answer(() => ({ deliveries: world.deliveries.records() })));
  app.get("/_twin/state", () =>
    answer(() => ({
      now: world.clock.now(),
      counts: { ...world.store.counts(), events: world.events.all().length },
      ids: world.store.ids(),
      events: world.events.all().map(({ id, type, created, request }) => ({
        id,
        type,
        created,
        request: request.id,
      })),
      endpoints: world.targets().map(({ id, url, enabledEvents }) => ({
        id,
        url,
        enabled_events: enabledEvents,
      })),
    })));
}

function redeliver(world: World, id: string, only: string | undefined): object {
  const event = world.events.find(id);
  if (event === undefined) throw noSuch("event", id, "id", 404);
  const targets = world.targets().filter((target) =>
    only === undefined ? wants(target, event.type) : target.id === only
  );
  if (targets.length === 0) {
    throw invalidRequest("No endpoint asked for this event", { status: 404 });
  }
  for (const target of targets) world.deliveries.resend(event, target);
  return { event: id, endpoints: targets.map((target) => target.id) };
}

function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw invalidRequest(z.prettifyError(result.error), { code: "control_invalid" });
}

/** No body is an empty one; anything else must be JSON, so that a foreign page cannot send it unasked. */
async function readJson(context: Context): Promise<unknown> {
  const text = await context.req.text();
  if (text === "") return {};
  if (!(context.req.header("content-type") ?? "").startsWith("application/json")) {
    throw invalidRequest("Controls take application/json", { status: 415 });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw invalidRequest("The body is not JSON");
  }
}

async function answer(run: () => object | Promise<object>): Promise<Response> {
  try {
    return Response.json(await run());
  } catch (error) {
    if (error instanceof TwinError) {
      return Response.json({ error: error.body }, { status: error.status });
    }
    console.error("A control of the Stripe twin failed", error);
    return Response.json({ error: { type: "api_error", message: "The control failed" } }, {
      status: 500,
    });
  }
}
