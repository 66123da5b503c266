// Many requests at the same moment, from several operating-system processes, through the front door.
import postgres from "postgres";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { checkoutBody, stripeClient, twin } from "../support/payments.ts";
import { adminSql, type SignedInUser, signUp, stack } from "../support/stack.ts";
import { race, type RaceAnswer } from "./support/race.ts";
import {
  BADGE,
  CARD,
  customersAtStripe,
  payableSessions,
  sessionsAtStripe,
  subscriptionTo,
} from "./support/shop.ts";

const PROCESSES = 4;
const BADGE_PRICE = 4_900;

const sql = adminSql();
afterAll(() => sql.end());
afterEach(async () => {
  await sql`delete from payments_private.settings`;
  await sql`insert into payments_private.settings default values`;
  await sql`truncate payments_private.rate_limits, payments_private.rate_refusals`;
});

async function settings(changes: Record<string, postgres.SerializableParameter>): Promise<void> {
  await sql`update payments_private.settings set ${sql(changes)}`;
}

const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));
/** How many answers there were of each status. */
const counted = (answers: readonly RaceAnswer[]) =>
  answers.reduce<Record<number, number>>(
    (counts, { status }) => ({ ...counts, [status]: (counts[status] ?? 0) + 1 }),
    {},
  );

/** Pays every session of the user that Stripe would still take money for. */
async function payEverything(user: SignedInUser): Promise<void> {
  for (const id of await payableSessions(user.user.id)) {
    await twin(`checkout_sessions/${id}/pay`, { card: CARD });
  }
}

/** The user's subscriptions at Stripe that have not ended. */
async function liveSubscriptions(user: SignedInUser): Promise<string[]> {
  const lists = await Promise.all(
    (await customersAtStripe(user.user.id)).map((customer) =>
      stripeClient().subscriptions.list({ customer })
    ),
  );
  return lists.flatMap(({ data }) => data.map(({ id }) => id));
}

function sessionOf({ accessToken }: SignedInUser): string {
  const payload = (accessToken.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(atob(payload)).session_id;
}

describe("limits", () => {
  it("5.3c 7.1a of 2,000 concurrent calls of the guard, against a limit of 10, exactly 10 get through", async () => {
    await settings({ user_burst: 10, user_interval_seconds: 3600 });
    const user = await signUp();
    const request = { user_id: user.user.id, session_id: sessionOf(user), request_id: "r" };
    const many = postgres(stack().dbUrl, {
      max: 40,
      ssl: false,
      connection: { role: "payments_sync" },
    });
    try {
      const decisions = await Promise.all(times(2_000, async () => {
        const [row] = await many`
          select payments.authorize_sync(${many.json(request)}) ->> 'decision' as decision`;
        return row?.["decision"];
      }));
      expect(decisions.filter((decision) => decision === "proceed")).toHaveLength(10);
      expect(decisions.filter((decision) => decision === "refuse")).toHaveLength(1_990);
    } finally {
      await many.end();
    }
  });

  it("5.3c 7.1a of 200 calls over HTTP from four processes, against a limit of 10, exactly 10 get through", async () => {
    await settings({ user_burst: 10, user_interval_seconds: 3600 });
    const user = await signUp();
    const answers = await race(
      times(PROCESSES, () => ({ call: "sync-billing", user, bodies: times(50, () => ({})) })),
    );
    expect(counted(answers)).toEqual({ 200: 10, 429: 190 });
  });
});

describe("caps", () => {
  it("7.2c a day's cap is never passed by 200 parallel checkouts from four processes, all of them paid", async () => {
    await settings({ user_day_cap_minor: sql.json({ usd: 5 * BADGE_PRICE }), user_burst: 1_000 });
    const user = await signUp();
    const answers = await race(times(PROCESSES, (index) => ({
      call: "create-checkout",
      user,
      bodies: times(50, () => checkoutBody({ ...BADGE, idempotency_key: crypto.randomUUID() })),
      pays: index % 2 === 0,
    })));
    expect(counted(answers)).toEqual({ 200: 5, 422: 195 });
    await payEverything(user);
    const sessions = await sessionsAtStripe(user.user.id);
    expect(sessions.map(({ status }) => status)).toEqual(times(5, () => "complete"));
    const paid = sessions.reduce((sum, { amount_total }) => sum + (amount_total ?? 0), 0);
    expect(paid).toBe(5 * BADGE_PRICE);
  });
});

describe("customers", () => {
  it("decision 8: fifty parallel first checkouts from separate processes make one Stripe customer", async () => {
    const user = await signUp();
    const answers = await race(times(5, () => ({
      call: "create-checkout",
      user,
      bodies: times(10, () => checkoutBody(subscriptionTo("pro_monthly"))),
    })));
    expect(counted(answers)).toEqual({ 200: 50 });
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(await customersAtStripe(user.user.id)).toHaveLength(1);
  });
});

describe("one subscription", () => {
  it.each([
    ["and every open session is paid afterwards", false],
    ["and each is paid the moment it is open", true],
  ])(
    "decision 8: two processes ask for one product in two ways, %s: one live subscription",
    async (_how, pays) => {
      const users = await Promise.all(times(3, () => signUp()));
      // each process sends both prices for its user, in the two orders
      const [one, other] = ["pro_monthly", "pro_yearly"].map((price) =>
        checkoutBody(subscriptionTo(price))
      );
      const answers = await race(users.flatMap((user) => [
        { call: "create-checkout", user, bodies: [one, other, one], pays },
        { call: "create-checkout", user, bodies: [other, one, other], pays },
      ]));
      expect(answers.filter(({ status }) => ![200, 409].includes(status))).toEqual([]);
      for (const user of users) {
        const payable = await payableSessions(user.user.id);
        expect(payable.length).toBeLessThanOrEqual(1);
        await payEverything(user);
        expect(await liveSubscriptions(user)).toHaveLength(1);
      }
    },
  );
});
