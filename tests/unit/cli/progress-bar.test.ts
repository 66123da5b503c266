import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createProgressBar } from "../../../cli/progress-bar.ts";

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

function screen(terminal = true) {
  const drawn: string[] = [];
  const bar = createProgressBar({
    root: "",
    now: () => new Date(),
    colour: false,
    operator: "test",
    env: {},
    out: () => {},
    error: (text: string) => drawn.push(text),
    terminal,
  });
  return { bar, drawn };
}

describe("the progress bar", () => {
  it("says nothing of what takes less than two seconds", () => {
    const { bar, drawn } = screen();
    bar.update(1, 4, "rows");
    vi.advanceTimersByTime(1_900);
    bar.update(4, 4, "rows");
    bar.clear();
    expect(drawn).toEqual([]);
  });

  it("shows one long step, whose length nobody knows, by itself", () => {
    const { bar, drawn } = screen();
    bar.update(0, 0, "counting rows");
    vi.advanceTimersByTime(3_000);
    expect(drawn.length).toBeGreaterThan(1);
    expect(drawn.at(-1)).toContain("counting rows");
    bar.clear();
    const { length } = drawn;
    vi.advanceTimersByTime(10_000);
    expect(drawn).toHaveLength(length);
  });

  it("shows the share of what is done", () => {
    const { bar, drawn } = screen();
    vi.advanceTimersByTime(2_500);
    bar.update(1, 4, "packing");
    expect(drawn.at(-1)).toContain(" 25 %  packing");
    bar.clear();
  });

  it("draws nothing where nobody looks", () => {
    const { bar, drawn } = screen(false);
    bar.update(1, 4, "rows");
    vi.advanceTimersByTime(5_000);
    expect(drawn).toEqual([]);
  });
});
