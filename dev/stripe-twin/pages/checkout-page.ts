import { formatAmount } from "../objects/build-invoice.ts";
import type { CheckoutSession, LineItem } from "../objects/types.ts";
import { cardFields, countryOptions, testCardHelp } from "./card-fields.ts";
import { type Html, html, page, safeHref } from "./html.ts";

/** What stays in the form after a refusal; never card data. */
export interface CheckoutFormState {
  email: string;
  name: string;
  country: string;
  alert: string | null;
}

const badge = html`<span class="badge">Test mode</span>`;

/** The page on which an open session is paid. */
export function checkoutPage(
  session: CheckoutSession,
  lines: LineItem[],
  fixedEmail: string | null,
  state: CheckoutFormState,
): Response {
  const title = session.mode === "subscription" ? "Subscribe" : "Pay";
  const body = html`
    <main class="split">
      <section class="side" aria-labelledby="summary">
        <div>
          <div class="top">${backLink(session.cancel_url)}${badge}</div>
          ${summary(session, lines)}
        </div>
      </section>
      <section class="side form" aria-labelledby="payment">
        <div>
          <h2 id="payment">Pay with card</h2>
          ${alertBox(state.alert)}
          <form method="post" action="/c/pay/${session.id}" novalidate>
            ${emailField(fixedEmail, state.email)}
            ${cardFields()}
            <div class="field">
              <label for="billingName">Cardholder name</label>
              <input id="billingName" name="billingName" autocomplete="cc-name" maxlength="150" value="${state
                .name}">
            </div>
            <div class="field">
              <label for="billingCountry">Country or region</label>
              <select id="billingCountry" name="billingCountry" autocomplete="billing country">
                ${countryOptions(state.country)}
              </select>
            </div>
            <button class="wide" type="submit">${title}</button>
          </form>
          ${testCardHelp()}
        </div>
      </section>
    </main>
  `;
  return page(`${title} · Stripe twin`, body, state.alert === null ? 200 : 402);
}

function backLink(url: string | null): Html {
  return url === null ? html`<span></span>` : html`<a href="${safeHref(url)}">Back</a>`;
}

/** An error where assistive technology announces it. */
export function alertBox(message: string | null): Html {
  return message === null ? html`` : html`<div class="alert" role="alert">${message}</div>`;
}

function emailField(fixed: string | null, value: string): Html {
  if (fixed !== null) {
    return html`
      <div class="field">
        <label for="email">Email</label>
        <input id="email" name="email" type="email" value="${fixed}" readonly>
      </div>
    `;
  }
  return html`
    <div class="field">
      <label for="email">Email</label>
      <input id="email" name="email" type="email" autocomplete="email" maxlength="512"
        value="${value}" required>
    </div>
  `;
}

function summary(session: CheckoutSession, lines: LineItem[]): Html {
  const currency = session.currency ?? "usd";
  const [first] = lines;
  const recurring = first?.price?.recurring ?? null;
  const every = recurring === null ? html`` : html`
    <small>per ${interval(recurring)}</small>
  `;
  return html`
    <h1 id="summary">${session.mode === "subscription" ? "Your subscription" : "Your order"}</h1>
    <p class="total">${formatAmount(session.amount_total ?? 0, currency)}${every}</p>
    <ul class="lines">
      ${lines.map(line)}
      <li class="sum"><span>Total due today</span><span>${formatAmount(
        session.amount_total ?? 0,
        currency,
      )}</span></li>
    </ul>
    <p
      class="soft">A local stand-in for Stripe Checkout. No real card works here, and no money moves.</p>
  `;
}

function line(item: LineItem): Html {
  const quantity = item.quantity ?? 1;
  const each = formatAmount(item.price?.unit_amount ?? 0, item.currency);
  const detail = quantity > 1
    ? html`<br><span class="soft">Qty ${quantity}, ${each} each</span>`
    : html``;
  return html`
    <li><span>${item.description ?? "Item"}${detail}</span><span>${formatAmount(
      item.amount_total,
      item.currency,
    )}</span></li>
  `;
}

/** `month`, or `3 months`. */
export function interval(recurring: { interval: string; interval_count: number }): string {
  return recurring.interval_count === 1
    ? recurring.interval
    : `${recurring.interval_count} ${recurring.interval}s`;
}

/** The bank's question of a 3-D Secure card. */
export function challengePage(session: CheckoutSession, amount: string): Response {
  return page(
    "Confirm with your bank · Stripe twin",
    html`
      <main class="narrow">
        <div class="card">
          <div class="top"><h1>3-D Secure test page</h1>${badge}</div>
          <p>Your bank asks you to confirm a payment of <strong>${amount}</strong>.</p>
          <form class="actions" method="post" action="/c/pay/${session.id}/authenticate">
            <button type="submit" name="answer" value="complete">Complete</button>
            <button class="plain" type="submit" name="answer" value="fail">Fail</button>
          </form>
        </div>
      </main>
    `,
  );
}

/** Where a session that can no longer be paid ends. */
export function closedCheckoutPage(session: CheckoutSession): Response {
  const complete = session.status === "complete";
  const back = complete ? null : session.cancel_url;
  return page(
    `${complete ? "Payment complete" : "Session expired"} · Stripe twin`,
    html`
      <main class="narrow">
        <div class="card">
          <div class="top"><h1>${complete
            ? "You're all done here"
            : "This page has expired"}</h1>${badge}</div>
          <p>${complete
            ? "This checkout was already completed; nothing more will be charged."
            : "This checkout session is no longer open. Nothing was charged."}</p>
          ${back === null
            ? html``
            : html`<a class="button plain" href="${safeHref(back)}">Return to the shop</a>`}
        </div>
      </main>
    `,
    complete ? 200 : 410,
  );
}

/** An address that leads nowhere. */
export function notFoundPage(): Response {
  return page(
    "Not found · Stripe twin",
    html`
      <main class="narrow">
        <div class="card">
          <h1>Page not found</h1>
          <p>The link is incomplete, or the twin was reset.</p>
        </div>
      </main>
    `,
    404,
  );
}
