import type { Hono } from "hono";
import { confirmPaymentIntent } from "../actions/confirm-payment-intent.ts";
import { confirmSetupIntent } from "../actions/confirm-setup-intent.ts";
import { TwinError } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import type { World } from "../engine/world.ts";
import { notFoundPage } from "./checkout-page.ts";
import { html, page } from "./html.ts";

/** The bank's question of an intent that the API made: where `next_action.redirect_to_url` leads. */
export function addChallengePages(app: Hono, world: World): void {
  app.get("/c/authenticate/:id", (context) => {
    const { store } = world;
    const id = context.req.param("id");
    const intent = store.paymentIntents.get(id) ?? store.setupIntents.get(id);
    if (intent === undefined || intent.status !== "requires_action") return notFoundPage();
    return page(
      "Confirm with your bank · Stripe twin",
      html`
        <main class="narrow">
          <div class="card">
            <h1>3-D Secure test page</h1>
            <p>Your bank asks you to confirm.</p>
            <form class="actions" method="post" action="/c/authenticate/${id}">
              <button type="submit" name="answer" value="complete">Complete</button>
              <button class="plain" type="submit" name="answer" value="fail">Fail</button>
            </form>
          </div>
        </main>
      `,
    );
  });

  app.post("/c/authenticate/:id", async (context) => {
    const form = new URLSearchParams(await context.req.text());
    const answer = form.get("answer") === "complete" ? "complete" : "fail";
    return answerChallenge(
      world.scope({ id: null, idempotencyKey: null }),
      context.req.param("id"),
      answer,
    );
  });
}

function answerChallenge(scope: Scope, id: string, answer: "complete" | "fail"): Response {
  const { store } = scope;
  const payment = store.paymentIntents.get(id);
  const setup = store.setupIntents.get(id);
  const methodId = (payment ?? setup)?.payment_method ?? null;
  if (methodId === null) return notFoundPage();
  const method = store.paymentMethods.need(methodId);
  try {
    if (payment !== undefined) {
      confirmPaymentIntent(scope, payment, method, { answer, offSession: false, isNew: false });
    } else if (setup !== undefined) {
      confirmSetupIntent(scope, setup, method, { answer, isNew: false });
    }
    return result("Confirmed", "You can close this page.", 200);
  } catch (error) {
    if (error instanceof TwinError) return result("Not confirmed", error.message, 402);
    throw error;
  }
}

function result(title: string, text: string, status: number): Response {
  return page(
    `${title} · Stripe twin`,
    html`
      <main class="narrow">
        <div class="card" role="status">
          <h1>${title}</h1>
          <p>${text}</p>
        </div>
      </main>
    `,
    status,
  );
}
