import { isOpen, type Scenario, statusOf } from "../scenario.ts";
import type { Person, World } from "../world.ts";

/** A member of staff's account looks at people it has no business with. */
export const dataExposed: Scenario = {
  name: "data-exposed",
  cause: async (world) => {
    const [member, ...seen] = await Promise.all([world.signUp(), world.signUp(), world.signUp()]);
    await world.sql`insert into payments_private.staff_members (user_id, role, granted_by)
      values (${member.id}, 'support', 'drill')`;
    const look = async (at: Person): Promise<unknown> => {
      const { data } = await member.client.schema("payments").rpc("staff_find_user_billing", {
        p_user_id: at.id,
        p_reason: "curiosity",
      });
      return Object(data)["code"] ?? "ok";
    };
    for (const person of seen) await look(person);
    const [first = member] = seen;
    return {
      values: { user: member.id },
      shows: async () =>
        (await world.sql`select from audit.audit_logs
          where actor_id = ${member.id} and action = 'staff.billing_read'`).length === seen.length,
      contained: async () => await look(first) === "session_ended",
      over: async () => {
        await statusOf(world.worker(["notify"]));
        const [told] = await world.sql`select count(*) > 0 and count(*) = count(delivered_at) as all
          from payments_private.incident_notices where user_id in ${
          world.sql(seen.map(({ id }) => id))
        }`;
        return told?.["all"] === true &&
          (await world.sql`select from payments_private.staff_members
            where user_id = ${member.id} and role = 'support'`).length === 1;
      },
    };
  },
};

const CARDS_TRIED = 12;

/** Two accounts try card after card. */
export const fraudWave: Scenario = {
  name: "fraud-wave",
  cause: async (world) => {
    const testers = await Promise.all([world.signUp(), world.signUp()]);
    await Promise.all(testers.map((tester) => tryCards(world, tester)));
    const someone = await world.signUp();
    const ids = testers.map(({ id }) => id);
    return {
      values: { user: ids[0] ?? "" },
      shows: async () =>
        (await world.sql`select from payments_private.alerts
          where rule = 'card_testing' and subject in ${world.sql(ids)}`).length === ids.length,
      contained: async () => await statusOf(world.checkout(someone)) === 503,
      over: () => isOpen(world),
    };
  },
};

async function tryCards(world: World, tester: Person): Promise<void> {
  const session: unknown = Object(await (await world.checkout(tester)).json())["id"];
  for (let card = 0; card < CARDS_TRIED; card++) {
    await statusOf(
      world.twin(`checkout_sessions/${String(session)}/pay`, { card: "4000000000000002" }),
    );
  }
}
