// Stripe, the database and the real create-checkout handler for one user, with a door in front of each call.
import Stripe from "stripe";
import { type Dependencies, handle } from "../../../supabase/functions/create-checkout/handler.ts";
import { createStore } from "../../../supabase/functions/create-checkout/store.ts";
import type { CallRpc } from "../../../supabase/functions/_shared/database.ts";
import type { EndpointRequest } from "../../../supabase/functions/_shared/endpoint.ts";
import { PaymentError } from "../../../supabase/functions/_shared/errors.ts";
import { STRIPE_API_VERSION } from "../../../supabase/functions/_shared/stripe-client.ts";
import { createStore as createWorkerStore } from "../../../supabase/functions/payments-worker/store.ts";
import { refreshTask } from "../../../supabase/functions/payments-worker/tasks/refresh.ts";
import { startTwin, type Twin } from "../../../dev/stripe-twin/start-twin.ts";
import { ingest, requestFor } from "./deliver-event.ts";
import type { Halt } from "./killable-worker.ts";
import type { ScratchDatabase } from "./scratch-database.ts";
import type { StripeWorldEvent } from "./stripe-world.ts";
import { run } from "./worker-runs.ts";

const KEY = "sk_test_interleavings";
const ORIGIN = "https://shop.example";
const ACCOUNT = "acct_property";
const CARD = "4242424242424242";

/** What may be asked for: the first three stand in each other's way, the last one does not. */
export const WISHES = [
  { mode: "subscription", price: "plan_monthly" },
  { mode: "subscription", price: "plan_yearly" },
  { mode: "subscription", price: "plan_monthly", locale: "de" },
  { mode: "payment", price: "badge" },
] as const;
const AMOUNTS = { plan_monthly: 1_000, plan_yearly: 10_000, badge: 4_900 };
/** Room for some of the wishes, not for many. */
export const DAY_CAP = 20_000;

export type Answer = { status: 200; id: string } | { status: number; code: string };

interface User {
  id: string;
  sessionId: string;
}

export class CheckoutWorld {
  readonly #twin: Twin;
  readonly #database: ScratchDatabase;
  readonly #knownEvents = new Set<string>();
  /** When a key's session was to end, as it was first sent: what Stripe compares and what it checks. */
  readonly #firstExpiry = new Map<string, string>();
  /** Keys of reservations whose time is over, unless Stripe made a session with them before. */
  readonly #overdue = new Set<string>();
  readonly #used = new Set<string>();
  readonly stripe: Stripe;
  #user: User = { id: "", sessionId: "" };

  private constructor(twin: Twin, database: ScratchDatabase) {
    this.#twin = twin;
    this.#database = database;
    this.stripe = this.#client((_label, act) => act());
  }

  static async open(database: ScratchDatabase): Promise<CheckoutWorld> {
    const twin = await startTwin({ port: 0, apiKeys: [KEY] });
    const world = new CheckoutWorld(twin, database);
    await world.#stockShelves();
    return world;
  }

  async close(): Promise<void> {
    await this.#twin.close();
  }

  /** The two plans are prices of one product. */
  async #stockShelves(): Promise<void> {
    const { admin } = this.#database;
    await admin`update payments_private.settings set user_burst = 1000, stripe_burst = 16000,
      user_day_cap_minor = ${admin.json({ usd: DAY_CAP })}`;
    const plan = await this.stripe.products.create({ name: "Plan" });
    const badge = await this.stripe.products.create({ name: "Badge" });
    const price = (
      product: string,
      lookup_key: keyof typeof AMOUNTS,
      interval?: "month" | "year",
    ) =>
      this.stripe.prices.create({
        product,
        lookup_key,
        currency: "usd",
        unit_amount: AMOUNTS[lookup_key],
        ...(interval === undefined ? {} : { recurring: { interval } }),
      });
    await price(plan.id, "plan_monthly", "month");
    await price(plan.id, "plan_yearly", "year");
    await price(badge.id, "badge");
    for (const event of await this.newEvents()) await this.deliver(event);
  }

  /** From here on everything is about a new user. */
  async newUser(): Promise<void> {
    const { admin } = this.#database;
    this.#user = { id: crypto.randomUUID(), sessionId: crypto.randomUUID() };
    await admin`insert into auth.users (id, email) values (${this.#user.id}, ${`${this.#user.id}@example.com`})`;
    await admin`insert into auth.sessions (id, user_id) values (${this.#user.sessionId}, ${this.#user.id})`;
    await this.newEvents(); // what earlier users left undelivered is theirs
  }

  /** A request to create-checkout, each of whose calls passes `halt`. */
  async ask(halt: Halt, wish: (typeof WISHES)[number], lost: () => Lost): Promise<Answer> {
    const { mode, price, ...rest } = wish;
    const body = {
      mode,
      items: [{ price, quantity: 1 }],
      success_url: `${ORIGIN}/done`,
      cancel_url: `${ORIGIN}/`,
      ...rest,
    };
    try {
      const { body: text } = await handle(request(body), this.#dependencies(through(halt, lost)));
      return { status: 200, id: JSON.parse(text ?? "").id };
    } catch (error) {
      if (error instanceof PaymentError) return { status: error.status, code: error.code };
      throw error;
    }
  }

  #dependencies(door: Halt): Dependencies {
    const rpc = this.#database.as("payments_checkout");
    const behindDoor: CallRpc = (name, args, result) => door(name, () => rpc(name, args, result));
    const { id, sessionId } = this.#user;
    const nowSeconds = () => Math.floor(Date.now() / 1000);
    const claims = {
      sub: id,
      session_id: sessionId,
      role: "authenticated",
      aud: "authenticated",
      exp: nowSeconds() + 3600,
    };
    return {
      auth: {
        verifyToken: () => Promise.resolve({ claims, askedAuthServer: true }),
        issuer: "",
        nowSeconds,
      },
      store: createStore(behindDoor, Promise.resolve("0".repeat(16))),
      stripe: this.#client(door),
      allowedOrigins: [ORIGIN],
      addressHash: () => Promise.resolve(null),
      countryHeader: "",
      describeClient: () => Promise.resolve({ value: "v1.k1.AAAA", commitment: "0".repeat(64) }),
    };
  }

  #client(door: Halt): Stripe {
    return new Stripe(KEY, {
      apiVersion: STRIPE_API_VERSION,
      host: "127.0.0.1",
      protocol: "http",
      httpClient: Stripe.createFetchHttpClient((input: RequestInfo | URL, init?: RequestInit) => {
        const asked = new Request(input, init);
        const label = `${asked.method} ${new URL(asked.url).pathname.replace(/cs_\w+/, ":id")}`;
        return door(label, () => this.#atStripe(asked));
      }),
      maxNetworkRetries: 0,
      telemetry: false,
    });
  }

  /**
   * Reservations are made to grow old by moving their times back, which Stripe must not see: the same
   * key comes with the same parameters, and is refused when its time is over and nothing was made.
   */
  async #atStripe(asked: Request): Promise<Response> {
    const key = asked.headers.get("idempotency-key") ?? "";
    if (!asked.url.endsWith("/v1/checkout/sessions") || asked.method !== "POST") {
      return await this.#twin.fetch(asked);
    }
    const form = new URLSearchParams(await asked.text());
    const expiry = this.#firstExpiry.get(key) ?? form.get("expires_at") ?? "";
    this.#firstExpiry.set(key, expiry);
    form.set("expires_at", expiry);
    if (this.#overdue.has(key) && !this.#used.has(key)) {
      const error = { type: "invalid_request_error", param: "expires_at", message: "too early" };
      return Response.json({ error }, { status: 400 });
    }
    this.#used.add(key);
    const { url, method, headers } = asked;
    return await this.#twin.fetch(new Request(url, { method, headers, body: form.toString() }));
  }

  /** Half an hour goes by for everything that is reserved or open. */
  async passTime(): Promise<void> {
    const { admin } = this.#database;
    const old = await admin<{ key: string }[]>`
      update payments_private.checkout_reservations set expires_at = now() - interval '1 second'
      where user_id = ${this.#user.id} and state in ('reserved', 'open')
      returning stripe_idempotency_key as key`;
    for (const { key } of old) this.#overdue.add(key);
    for (const { id } of await this.openSessions()) await this.expire(id);
  }

  /** All of the user's sessions at Stripe. */
  async sessions(): Promise<Stripe.Checkout.Session[]> {
    const found: Stripe.Checkout.Session[] = [];
    for await (const session of this.stripe.checkout.sessions.list({ limit: 10 })) {
      // newest first: what another user's is, is older than this one
      if (session.client_reference_id !== this.#user.id) break;
      found.push(session);
    }
    return found;
  }

  async openSessions(): Promise<Stripe.Checkout.Session[]> {
    return (await this.sessions()).filter(({ status }) => status === "open");
  }

  async pay(sessionId: string): Promise<void> {
    await this.#control(`checkout_sessions/${sessionId}/pay`, { card: CARD });
  }

  async expire(sessionId: string): Promise<void> {
    await this.#control(`checkout_sessions/${sessionId}/expire`);
  }

  /** Events since the last call, oldest first. */
  async newEvents(): Promise<StripeWorldEvent[]> {
    const found: Stripe.Event[] = [];
    for await (const event of this.stripe.events.list({ limit: 10 })) {
      if (this.#knownEvents.has(event.id)) break;
      this.#knownEvents.add(event.id);
      found.unshift(event);
    }
    return found.map((event) => ({
      id: event.id,
      type: event.type,
      created: event.created,
      body: JSON.stringify(event),
    }));
  }

  async deliver(event: StripeWorldEvent): Promise<void> {
    await ingest(this.#database.as("payments_webhook"), requestFor(event));
  }

  /** The worker fetches what was marked. */
  async refresh(): Promise<void> {
    const store = createWorkerStore(this.#database.as("payments_worker"));
    const accountId = () => Promise.resolve(ACCOUNT);
    await refreshTask({ stripe: this.stripe, store, accountId, now: Date.now })(run);
  }

  /** What must hold at any moment, whatever is on its way; each line is something that does not. */
  async failures(): Promise<string[]> {
    const sessions = await this.sessions();
    const payable = sessions.filter(({ status }) => status === "open" || status === "complete")
      .reduce((sum, { amount_total }) => sum + (amount_total ?? 0), 0);
    const customers = new Set(sessions.map(({ customer }) => String(customer)));
    const subscriptions = await Promise.all(
      [...customers].map((customer) => this.stripe.subscriptions.list({ customer })),
    );
    const live = subscriptions.flatMap(({ data }) => data);
    return [
      ...payable > DAY_CAP ? [`${payable} can be or was paid, the cap is ${DAY_CAP}`] : [],
      ...live.length > 1 ? [`${live.length} live subscriptions to one product`] : [],
      ...customers.size > 1 ? [`${customers.size} customers for one user`] : [],
    ];
  }

  /** Reservations that say something else than Stripe, once everything was told. */
  async disagreements(): Promise<string[]> {
    const rows = await this.#database.admin<{ session_id: string; state: string }[]>`
      select session_id, state from payments_private.checkout_reservations
      where user_id = ${this.#user.id} and session_id is not null`;
    const states: Record<string, string> = {
      open: "open",
      complete: "completed",
      expired: "expired",
    };
    const atStripe = new Map((await this.sessions()).map(({ id, status }) => [id, status]));
    return rows.flatMap(({ session_id, state }) => {
      const status = atStripe.get(session_id) ?? "unknown";
      return state === states[status] ? [] : [`a reservation is ${state}, its session ${status}`];
    });
  }

  async #control(path: string, body: unknown = {}): Promise<void> {
    const response = await this.#twin.fetch(
      new Request(`http://127.0.0.1/_twin/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );
    if (response.status >= 500) throw new Error(`${path}: ${await response.text()}`);
  }
}

/** What gets lost of a call: the request, so that nothing happens, or its answer. */
export type Lost = "nothing" | "request" | "answer";

/** A door behind which calls get lost. */
function through(halt: Halt, lost: () => Lost): Halt {
  return (label, act) =>
    halt(label, async () => {
      const what = lost();
      if (what === "request") throw noAnswer();
      const answer = await act();
      if (what === "answer") throw noAnswer();
      return answer;
    });
}

/** To the SDK a broken connection; the store's own RPC turns it into the same. */
function noAnswer(): Error {
  return new PaymentError("unavailable");
}

function request(body: unknown): EndpointRequest {
  return {
    method: "POST",
    path: "",
    headers: new Headers({ authorization: "Bearer a.b.c" }),
    body: new TextEncoder().encode(JSON.stringify(body)),
    requestId: crypto.randomUUID(),
    log: () => {},
  };
}
