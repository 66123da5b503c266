/**
 * A worker that halts before each of its steps (a call of the database, of Stripe or of the host), so
 * that a history decides what happens between any two of them, and that can be killed at any.
 */
export class KillableWorker {
  #gate: Gate | null = null;
  #halted: () => void = () => {};

  /** Whether it is in the middle of a run. */
  get isBusy(): boolean {
    return this.#gate !== null;
  }

  /** What it is about to do. */
  get nextStep(): string {
    return this.#gate?.label ?? "nothing";
  }

  /** Begins a run and goes on to its first step. */
  async start(run: (halt: Halt) => Promise<unknown>): Promise<void> {
    await this.#untilHalted(() => {
      void run((label, act) => this.#halt(label, act)).then(
        () => this.#end(),
        () => this.#end(),
      );
    });
  }

  /** Does the next step and goes on to the one after it. */
  async step(): Promise<void> {
    const gate = this.#gate;
    if (gate === null) return;
    await this.#untilHalted(() => gate.open("go on"));
  }

  /** Dies before its next step. */
  killBefore(): void {
    this.#gate = null;
  }

  /** Does its next step and dies before it learns what came of it. */
  async killAfter(): Promise<void> {
    const gate = this.#gate;
    if (gate === null) return;
    await this.#untilHalted(() => gate.open("then die"));
  }

  async #halt<T>(label: string, act: () => Promise<T>): Promise<T> {
    const order = await new Promise<Order>((open) => {
      this.#gate = { label, open };
      this.#halted();
    });
    if (order === "go on") return await act();
    await act().catch(() => undefined);
    this.#end();
    return await new Promise<never>(() => {});
  }

  #end(): void {
    this.#gate = null;
    this.#halted();
  }

  async #untilHalted(act: () => void): Promise<void> {
    const halted = new Promise<void>((resolve) => this.#halted = resolve);
    this.#gate = null;
    act();
    await halted;
  }
}

/** Waits for leave, then acts. */
export type Halt = <T>(label: string, act: () => Promise<T>) => Promise<T>;

type Order = "go on" | "then die";

interface Gate {
  label: string;
  open(order: Order): void;
}
