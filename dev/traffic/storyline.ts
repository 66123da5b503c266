import { seededRandom } from "../stripe-twin/engine/ids.ts";

/** How many of each there are on the day; bounded, whatever the seed. */
export interface Day {
  readonly morningShoppers: number;
  readonly renewals: number;
  readonly refunds: number;
  readonly stolenCards: number;
  readonly shoppersInOutage: number;
  readonly eveningShoppers: number;
}

export const BUSY_DAY: Day = {
  morningShoppers: 12,
  renewals: 5,
  refunds: 3,
  stolenCards: 30,
  shoppersInOutage: 5,
  eveningShoppers: 6,
};

/** What one shopper does: which plan, and whether the first card is declined. */
export interface Shopping {
  readonly price: string;
  readonly declinedFirst: boolean;
}

const PRICES = ["starter_monthly", "pro_monthly"] as const;

/** The choices of a day, the same for the same seed. */
export function makeChoices(seed: number) {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  return {
    shopping: (): Shopping => ({
      price: PRICES[below(PRICES.length)] ?? PRICES[0],
      declinedFirst: below(4) === 0,
    }),
    /** Some of a list, each once. */
    some<T>(values: readonly T[], count: number): T[] {
      const left = [...values];
      const taken: T[] = [];
      while (taken.length < count && left.length > 0) {
        taken.push(...left.splice(below(left.length), 1));
      }
      return taken;
    },
    /** A share of a pause, so that people do not come in step. */
    pause: () => 0.5 + random(),
  };
}
export type Choices = ReturnType<typeof makeChoices>;
