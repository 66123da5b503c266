import { formatAmount } from "../objects/build-invoice.ts";
import type {
  Customer,
  Invoice,
  PaymentMethod,
  PortalConfiguration,
  PortalSession,
  Subscription,
} from "../objects/types.ts";
import { cardFields, testCardHelp } from "./card-fields.ts";
import { alertBox, interval } from "./checkout-page.ts";
import { type Html, html, page, safeHref } from "./html.ts";

/** What a portal page shows. */
export interface PortalView {
  session: PortalSession;
  configuration: PortalConfiguration;
  customer: Customer;
  subscriptions: { subscription: Subscription; name: string }[];
  method: PaymentMethod | null;
  invoices: Invoice[];
  note: string | null;
  alert: string | null;
}

function frame(view: PortalView, title: string, content: Html, status = 200): Response {
  const back = view.session.return_url;
  return page(
    `${title} · Stripe twin`,
    html`
      <main class="narrow">
        <div class="top">
          ${back === null
            ? html`<span></span>`
            : html`<a href="${safeHref(back)}">Return to the shop</a>`}
          <span class="badge">Test mode</span>
        </div>
        ${view.note === null ? html`` : html`<div class="note" role="status">${view.note}</div>`}
        ${alertBox(view.alert)}
        ${content}
      </main>
    `,
    status,
  );
}

/** The portal's first page. */
export function portalHomePage(view: PortalView): Response {
  return frame(
    view,
    "Billing",
    html`
      <h1>Billing</h1>
      <p class="soft">${view.customer.email ?? view.customer.name ?? view.customer.id}</p>
      ${view.subscriptions.length === 0
        ? html`
          <section class="card">
            <h2>Current subscription</h2>
            <p>No subscription.</p>
          </section>
        `
        : view.subscriptions.map((item) => subscriptionCard(view, item.subscription, item.name))}
      ${paymentMethodCard(view)}
      ${invoiceCard(view)}
    `,
    view.alert === null ? 200 : 402,
  );
}

function subscriptionCard(view: PortalView, subscription: Subscription, name: string): Html {
  const [item] = subscription.items.data;
  const recurring = item?.price.recurring ?? null;
  const amount = formatAmount(
    subscription.items.data.reduce(
      (sum, line) => sum + (line.price.unit_amount ?? 0) * (line.quantity ?? 1),
      0,
    ),
    subscription.currency,
  );
  const end = date(item?.current_period_end ?? subscription.created);
  const when = subscription.cancel_at_period_end
    ? `Your plan will be canceled on ${end}.`
    : `Renews on ${end}.`;
  return html`
    <section class="card">
      <h2>Current subscription</h2>
      <p><strong>${name}</strong> ${statusBadge(subscription)}<br>
      ${amount}${recurring === null ? html`` : html`
        per ${interval(recurring)}
      `}</p>
      <p class="soft">${when}</p>
      ${subscriptionActions(view, subscription)}
    </section>
  `;
}

function subscriptionActions(view: PortalView, subscription: Subscription): Html {
  const base = pathOf(view.session);
  if (subscription.cancel_at_period_end) {
    return html`
      <form method="post" action="${base}/resume">
        <input type="hidden" name="subscription" value="${subscription.id}">
        <button type="submit">Don't cancel subscription</button>
      </form>
    `;
  }
  if (!view.configuration.features.subscription_cancel.enabled) return html``;
  return html`<a class="button plain" href="${base}/cancel/${subscription.id}">Cancel subscription</a>`;
}

function statusBadge(subscription: Subscription): Html {
  const good = subscription.status === "active" || subscription.status === "trialing";
  const name = good ? "badge good" : "badge bad";
  return html`<span class="${name}">${subscription.status.replaceAll("_", " ")}</span>`;
}

function paymentMethodCard(view: PortalView): Html {
  const card = view.method?.card;
  const change = view.configuration.features.payment_method_update.enabled
    ? html`<a class="button plain" href="${
      pathOf(view.session)
    }/payment-method">Change payment method</a>`
    : html``;
  return html`
    <section class="card">
      <h2>Payment method</h2>
      <p>${card === undefined
        ? "None saved."
        : `${
          capitalised(card.brand)
        } ending in ${card.last4}, expires ${card.exp_month}/${card.exp_year}`}</p>
      ${change}
    </section>
  `;
}

function invoiceCard(view: PortalView): Html {
  if (!view.configuration.features.invoice_history.enabled) return html``;
  const rows = view.invoices.map((invoice) =>
    html`
      <tr>
        <td>${date(invoice.created)}</td>
        <td>${formatAmount(invoice.total, invoice.currency)}</td>
        <td>${invoice.status ?? "draft"}</td>
        <td>${invoice.status === "open"
          ? payForm(view, invoice)
          : html`${invoice.number ?? ""}`}</td>
      </tr>
    `
  );
  return html`
    <section class="card">
      <h2>Invoice history</h2>
      ${rows.length === 0 ? html`<p>No invoices yet.</p>` : html`
        <table>
          <thead>
            <tr>
              <th scope="col">Date</th>
              <th scope="col">Amount</th>
              <th scope="col">Status</th>
              <th scope="col">Number</th>
            </tr>
          </thead>
          <tbody>${rows}</tbody>
        </table>
      `}
    </section>
  `;
}

function payForm(view: PortalView, invoice: Invoice): Html {
  return html`
    <form method="post" action="${pathOf(view.session)}/pay">
      <input type="hidden" name="invoice" value="${invoice.id}">
      <button class="plain" type="submit">Pay now</button>
    </form>
  `;
}

/** Asks before a subscription is cancelled. */
export function cancelPage(view: PortalView, subscription: Subscription, name: string): Response {
  const base = pathOf(view.session);
  const now = view.configuration.features.subscription_cancel.mode === "immediately";
  const end = date(subscription.items.data[0]?.current_period_end ?? subscription.created);
  return frame(
    view,
    "Cancel subscription",
    html`
      <section class="card">
        <h1>Cancel your subscription</h1>
        <p>${now
          ? `${name} ends at once.`
          : `${name} stays available until the end of your billing period on ${end}, and is then canceled.`}</p>
        <form class="actions" method="post" action="${base}/cancel/${subscription.id}">
          <button class="danger" type="submit">Cancel subscription</button>
          <a class="button plain" href="${base}">Go back</a>
        </form>
      </section>
    `,
  );
}

/** Asks for another card. */
export function paymentMethodPage(view: PortalView): Response {
  const base = pathOf(view.session);
  return frame(
    view,
    "Change payment method",
    html`
      <section class="card">
        <h1>Change payment method</h1>
        <form method="post" action="${base}/payment-method" novalidate>
          ${cardFields()}
          <div class="actions">
            <button type="submit">Save card</button>
            <a class="button plain" href="${base}">Go back</a>
          </div>
        </form>
        ${testCardHelp()}
      </section>
    `,
    view.alert === null ? 200 : 402,
  );
}

/** The path of a portal session's pages. */
export function pathOf(session: PortalSession): string {
  return new URL(session.url).pathname;
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function date(unixSeconds: number): string {
  return new Intl.DateTimeFormat("en-US", { dateStyle: "long", timeZone: "UTC" }).format(
    unixSeconds * 1000,
  );
}
