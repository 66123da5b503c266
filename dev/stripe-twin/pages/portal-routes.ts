import type { Hono } from "hono";
import { cancelSubscription, setCancelAtPeriodEnd } from "../actions/cancel-subscription.ts";
import { changePaymentMethod } from "../actions/change-payment-method.ts";
import { collectionMethodOf, payInvoice } from "../actions/pay-invoice.ts";
import { TwinError } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import type { World } from "../engine/world.ts";
import type { PortalSession, Subscription } from "../objects/types.ts";
import { notFoundPage } from "./checkout-page.ts";
import { html, page } from "./html.ts";
import {
  cancelPage,
  pathOf,
  paymentMethodPage,
  portalHomePage,
  type PortalView,
} from "./portal-page.ts";
import { readCard } from "./read-card.ts";

const lifeSeconds = 60 * 60;

/** The customer portal. */
export function addPortalPages(app: Hono, world: World): void {
  const open = (
    token: string,
    run: (scope: Scope, session: PortalSession) => Response,
  ): Response => {
    const scope = world.scope({ id: null, idempotencyKey: null });
    const session = scope.store.portalSessions.newestFirst().find((item) =>
      item.url.endsWith(`/p/session/${token}`)
    );
    if (session === undefined || scope.store.customers.get(session.customer) === undefined) {
      return notFoundPage();
    }
    if (scope.clock.now() > session.created + lifeSeconds) return expiredPage();
    return run(scope, session);
  };

  app.get("/p/session/:token", (context) =>
    open(context.req.param("token"), (scope, session) => {
      const { flow } = session;
      const view = viewOf(scope, session);
      if (context.req.query("done") !== undefined) {
        return portalHomePage({ ...view, note: "Your change was saved." });
      }
      if (flow?.type === "payment_method_update") {
        return paymentMethodPage(view);
      }
      const subscription = flow?.subscription_cancel?.subscription;
      if (subscription !== undefined) return askToCancel(scope, view, subscription);
      return portalHomePage(view);
    }));

  app.get("/p/session/:token/cancel/:id", (context) =>
    open(
      context.req.param("token"),
      (scope, session) => askToCancel(scope, viewOf(scope, session), context.req.param("id")),
    ));

  app.post(
    "/p/session/:token/cancel/:id",
    (context) =>
      open(context.req.param("token"), (scope, session) => {
        const view = viewOf(scope, session);
        const subscription = ownSubscription(scope, session, context.req.param("id"));
        if (subscription === undefined) return notFoundPage();
        if (view.configuration.features.subscription_cancel.mode === "immediately") {
          cancelSubscription(scope, subscription, { reason: "cancellation_requested" });
        } else if (!subscription.cancel_at_period_end) {
          setCancelAtPeriodEnd(scope, subscription, true);
        }
        return done(session);
      }),
  );

  app.post("/p/session/:token/resume", async (context) => {
    const form = new URLSearchParams(await context.req.text());
    return open(context.req.param("token"), (scope, session) => {
      const subscription = ownSubscription(scope, session, form.get("subscription") ?? "");
      if (subscription === undefined) return notFoundPage();
      if (subscription.cancel_at_period_end) setCancelAtPeriodEnd(scope, subscription, false);
      return done(session);
    });
  });

  app.get(
    "/p/session/:token/payment-method",
    (context) =>
      open(
        context.req.param("token"),
        (scope, session) => paymentMethodPage(viewOf(scope, session)),
      ),
  );

  app.post("/p/session/:token/payment-method", async (context) => {
    const form = new URLSearchParams(await context.req.text());
    return open(context.req.param("token"), (scope, session) => saveCard(scope, session, form));
  });

  app.post("/p/session/:token/pay", async (context) => {
    const form = new URLSearchParams(await context.req.text());
    return open(
      context.req.param("token"),
      (scope, session) => payOpenInvoice(scope, session, form),
    );
  });
}

function saveCard(scope: Scope, session: PortalSession, form: URLSearchParams): Response {
  const view = viewOf(scope, session);
  const card = readCard(scope, form);
  if (!card.ok) return paymentMethodPage({ ...view, alert: card.message });
  try {
    changePaymentMethod(scope, view.customer, card.method);
    return done(session);
  } catch (error) {
    if (error instanceof TwinError) return paymentMethodPage({ ...view, alert: error.message });
    throw error;
  }
}

function payOpenInvoice(scope: Scope, session: PortalSession, form: URLSearchParams): Response {
  const view = viewOf(scope, session);
  const invoice = view.invoices.find((item) => item.id === form.get("invoice"));
  if (invoice === undefined) return notFoundPage();
  try {
    const { settlement } = payInvoice(scope, invoice, collectionMethodOf(scope, invoice), {
      answer: null,
      offSession: true,
      paidOutOfBand: false,
    });
    if (settlement?.kind === "failed") {
      return portalHomePage({ ...view, alert: settlement.error.message });
    }
    return done(session);
  } catch (error) {
    if (error instanceof TwinError) return portalHomePage({ ...view, alert: error.message });
    throw error;
  }
}

/** After a change: where the flow says, or the portal's first page. */
function done(session: PortalSession): Response {
  const redirect = session.flow?.after_completion.redirect?.return_url;
  return new Response(null, {
    status: 303,
    headers: { location: redirect ?? `${pathOf(session)}?done`, "cache-control": "no-store" },
  });
}

function askToCancel(scope: Scope, view: PortalView, id: string): Response {
  const subscription = ownSubscription(scope, view.session, id);
  if (subscription === undefined) return notFoundPage();
  if (subscription.cancel_at_period_end) return portalHomePage(view);
  return cancelPage(view, subscription, nameOf(scope, subscription));
}

function ownSubscription(
  scope: Scope,
  session: PortalSession,
  id: string,
): Subscription | undefined {
  const subscription = scope.store.subscriptions.get(id);
  const own = subscription?.customer === session.customer && subscription.ended_at === null;
  return own ? subscription : undefined;
}

function viewOf(scope: Scope, session: PortalSession): PortalView {
  const { store } = scope;
  const customer = store.customers.need(session.customer);
  const subscriptions = store.subscriptions.newestFirst()
    .filter((item) => item.customer === customer.id && item.ended_at === null)
    .map((subscription) => ({ subscription, name: nameOf(scope, subscription) }));
  const methodId = customer.invoice_settings.default_payment_method ??
    subscriptions[0]?.subscription.default_payment_method ?? null;
  return {
    session,
    configuration: store.portalConfigurations.need(session.configuration),
    customer,
    subscriptions,
    method: methodId === null ? null : store.paymentMethods.get(methodId) ?? null,
    invoices: store.invoices.newestFirst().filter((item) =>
      item.customer === customer.id && item.status !== "draft"
    ),
    note: null,
    alert: null,
  };
}

function nameOf(scope: Scope, subscription: Subscription): string {
  return subscription.items.data.map((item) =>
    scope.store.products.get(item.price.product)?.name ?? item.price.product
  ).join(", ");
}

function expiredPage(): Response {
  return page(
    "Session expired · Stripe twin",
    html`
      <main class="narrow">
        <div class="card">
          <h1>This page has expired</h1>
          <p>Open the portal from the shop once more.</p>
        </div>
      </main>
    `,
    410,
  );
}
