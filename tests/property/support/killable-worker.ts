/**
 * A worker that halts before each of its steps (a call of the database, of Stripe or of the host), so
 * that a history decides what happens between any two of them, and that can be killed at any.
 */
export class KillableWorker {
  #gates: Gate[] = [];
  #life = 0;
  #halted: () => void = () => {};

  /** Whether it is in the middle of a run. */
  get isBusy(): boolean {
    return this.#gates.length > 0;
  }

  /** The object that it claimed or is about to write, if it is about one. */
  subject: { kind: string; id: string } | null = null;

  /** What it is about to do. */
  get nextStep(): string {
    return this.#gates[0]?.label ?? "nothing";
  }

  /** Begins a run and goes on to its first step. */
  async start(run: (halt: Halt) => Promise<unknown>): Promise<void> {
    const life = this.#life;
    const end = () => {
      if (life === this.#life) this.#halted();
    };
    await this.#untilHalted(() => {
      void run((label, act) => this.#halt(life, label, act)).then(end, end);
    });
  }

  /** Does the next step and goes on to the one after it. */
  async step(): Promise<void> {
    const gate = this.#gates.shift();
    if (gate === undefined) return;
    await this.#untilHalted(() => gate.open("go on"));
  }

  /** Dies before its next step. */
  killBefore(): void {
    this.#gates = [];
    this.#life++;
  }

  /** Does its next step and dies before it learns what came of it. */
  async killAfter(): Promise<void> {
    const gate = this.#gates.shift();
    this.killBefore();
    if (gate === undefined) return;
    await this.#untilHalted(() => gate.open("then die"));
  }

  async #halt<T>(life: number, label: string, act: () => Promise<T>): Promise<T> {
    if (life !== this.#life) return await forever();
    const order = await new Promise<Order>((open) => {
      this.#gates.push({ label, open });
      this.#halted();
    });
    if (order === "then die") {
      await act().catch(() => undefined);
      this.#halted();
      return await forever();
    }
    try {
      return await act();
    } finally {
      // two things in hand: the other one waits for its own step
      if (this.#gates.length > 0) this.#halted();
    }
  }

  async #untilHalted(act: () => void): Promise<void> {
    const halted = new Promise<void>((resolve) => this.#halted = resolve);
    act();
    await halted;
  }
}

function forever(): Promise<never> {
  return new Promise(() => {});
}

/** Waits for leave, then acts. */
export type Halt = <T>(label: string, act: () => Promise<T>) => Promise<T>;

type Order = "go on" | "then die";

interface Gate {
  label: string;
  open(order: Order): void;
}
