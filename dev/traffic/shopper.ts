import { FunctionsHttpError } from "@supabase/supabase-js";
import { z } from "zod";
import type { Person, World } from "../drills/world.ts";
import type { Shopping } from "./storyline.ts";

export const GOOD_CARD = "4242424242424242";
export const DECLINED_CARD = "4000000000000002";

const openedSchema = z.object({ id: z.string() });
const refusedSchema = z.object({ code: z.string() });

/** A checkout that was opened, or the code that it was refused with. */
export type Opening = { readonly session: string } | { readonly refused: string };

/** Opens a checkout as the shop does: through supabase-js, with the shopper's own session. */
export async function openCheckout(
  { state }: World,
  { client }: Person,
  price: string,
): Promise<Opening> {
  const { data, error } = await client.functions.invoke("create-checkout", {
    body: {
      mode: "subscription",
      items: [{ price, quantity: 1 }],
      success_url: `${state.webUrl}/return`,
      cancel_url: `${state.webUrl}/pricing`,
    },
  });
  if (error instanceof FunctionsHttpError) {
    return { refused: refusedSchema.parse(await error.context.json()).code };
  }
  if (error !== null) throw error;
  return { session: openedSchema.parse(data).id };
}

/** Types a card number into the twin's pay page. */
export async function payWith(world: World, session: string, card: string): Promise<void> {
  const response = await world.twin(`checkout_sessions/${session}/pay`, { card });
  await response.body?.cancel();
}

/** Signs up and buys; some need a second card. */
export async function shop(world: World, { price, declinedFirst }: Shopping): Promise<Person> {
  const person = await world.signUp();
  const opening = await openCheckout(world, person, price);
  if ("refused" in opening) throw new Error(`A shopper was refused: ${opening.refused}`);
  if (declinedFirst) await payWith(world, opening.session, DECLINED_CARD);
  await payWith(world, opening.session, GOOD_CARD);
  return person;
}
