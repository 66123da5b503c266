import { type LoggedEvent, renderEvent } from "./event-log.ts";
import type { Faults } from "./faults.ts";
import type { Ids } from "./ids.ts";
import { signDelivery } from "./sign-delivery.ts";
import type { TwinClock } from "./clock.ts";

/** Where events go. */
export interface DeliveryTarget {
  id: string;
  url: string;
  /** One signature each: a secret that is being rolled signs beside its successor. */
  secrets: readonly string[];
  enabledEvents: readonly string[];
  apiVersion: string | null;
}

/** One attempt, as `GET /_twin/deliveries` shows it. */
export interface DeliveryRecord {
  event: string;
  type: string;
  endpoint: string;
  url: string;
  attempt: number;
  /** HTTP status, or why there is none. */
  status: number | "dropped" | "failed";
  /** Real unix seconds of the attempt. */
  time: number;
}

interface Task {
  event: LoggedEvent;
  target: DeliveryTarget;
  attempt: number;
  /** A reset begins a new generation; what is left of an older one is not tried again. */
  generation: number;
}

const inFlightAtMost = 16;
const attemptsAtMost = 12;
const firstBackoffMilliseconds = 100;
const backoffAtMostMilliseconds = 5_000;
const answerWithinMilliseconds = 20_000;
const recordsKept = 5_000;

/**
 * Sends events to the endpoints that asked for them: signed, several at once, tried again with growing pauses until
 * the answer is 2xx. Stripe tries for three days; the twin gives up after a minute or so.
 */
export class Deliveries {
  readonly #waiting: Task[] = [];
  readonly #records: DeliveryRecord[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #closing = new AbortController();
  #idleWaiters: (() => void)[] = [];
  #unfinished = 0;
  #inFlight = 0;
  #generation = 0;
  readonly #clock: TwinClock;
  readonly #ids: Ids;
  readonly #faults: Faults;
  readonly #log: (line: string) => void;

  constructor(clock: TwinClock, ids: Ids, faults: Faults, log: (line: string) => void) {
    this.#clock = clock;
    this.#ids = ids;
    this.#faults = faults;
    this.#log = log;
  }

  /** Sends an event to every target that asked for its type. */
  send(event: LoggedEvent, targets: DeliveryTarget[]): void {
    const asked = targets.filter((target) => wants(target, event.type));
    for (const target of asked) event.pending.add(target.id);
    for (const target of asked) this.#schedule(this.#task(event, target));
  }

  /** Sends it once more to one target, whatever became of it before. */
  resend(event: LoggedEvent, target: DeliveryTarget): void {
    this.#unfinished++;
    this.#later(0, this.#task(event, target));
  }

  records(): readonly DeliveryRecord[] {
    return this.#records;
  }

  /** Resolves when nothing is under way and nothing waits for another attempt. */
  idle(): Promise<void> {
    if (this.#unfinished === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Forgets what is under way and what was recorded. */
  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#unfinished -= this.#timers.size + this.#waiting.length;
    this.#timers.clear();
    this.#waiting.length = 0;
    this.#records.length = 0;
    this.#generation++;
    this.#wakeIdleWaiters();
  }

  close(): void {
    this.clear();
    this.#closing.abort();
  }

  #task(event: LoggedEvent, target: DeliveryTarget): Task {
    return { event, target, attempt: 1, generation: this.#generation };
  }

  #schedule(task: Task): void {
    const { delivery } = this.#faults;
    if (this.#faults.happens(delivery.drop)) {
      task.event.pending.delete(task.target.id);
      task.event.failed.add(task.target.id);
      this.#record(task, "dropped");
      return;
    }
    const copies = this.#faults.happens(delivery.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      // Held back by a random time, an event arrives after later ones.
      const held = this.#faults.happens(delivery.reorder) ? 20 + this.#ids.random() * 400 : 0;
      this.#unfinished++;
      this.#later(delivery.delay_ms + held, task);
    }
  }

  #later(milliseconds: number, task: Task): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#waiting.push(task);
      this.#pump();
    }, milliseconds);
    this.#timers.add(timer);
  }

  #pump(): void {
    while (this.#inFlight < inFlightAtMost) {
      const task = this.#waiting.shift();
      if (task === undefined) return;
      this.#inFlight++;
      void this.#attempt(task).finally(() => {
        this.#inFlight--;
        this.#pump();
      });
    }
  }

  async #attempt(task: Task): Promise<void> {
    const status = await this.#post(task);
    const { event, target, attempt } = task;
    if (task.generation !== this.#generation) return this.#finish();
    this.#record(task, status);
    if (typeof status === "number" && status >= 200 && status < 300) {
      event.pending.delete(target.id);
      event.failed.delete(target.id);
      return this.#finish();
    }
    if (this.#closing.signal.aborted || attempt >= attemptsAtMost) {
      event.failed.add(target.id);
      return this.#finish();
    }
    const pause = Math.min(
      firstBackoffMilliseconds * 2 ** (attempt - 1),
      backoffAtMostMilliseconds,
    );
    this.#later(pause, { ...task, attempt: attempt + 1 });
  }

  async #post({ event, target }: Task): Promise<number | "failed"> {
    const body = JSON.stringify(renderEvent(event, target.apiVersion ?? event.apiVersion), null, 2);
    try {
      const response = await fetch(target.url, {
        method: "POST",
        redirect: "manual",
        headers: {
          "content-type": "application/json; charset=utf-8",
          "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
          "stripe-signature": await signDelivery(body, target.secrets, this.#clock.wallSeconds()),
        },
        body,
        signal: AbortSignal.any([
          this.#closing.signal,
          AbortSignal.timeout(answerWithinMilliseconds),
        ]),
      });
      await response.body?.cancel();
      return response.status;
    } catch {
      return "failed";
    }
  }

  #record({ event, target, attempt }: Task, status: DeliveryRecord["status"]): void {
    this.#log(`delivery ${event.type} ${event.id} -> ${target.id} attempt ${attempt}: ${status}`);
    this.#records.push({
      event: event.id,
      type: event.type,
      endpoint: target.id,
      url: target.url,
      attempt,
      status,
      time: this.#clock.wallSeconds(),
    });
    if (this.#records.length > recordsKept) this.#records.shift();
  }

  #finish(): void {
    this.#unfinished--;
    this.#wakeIdleWaiters();
  }

  #wakeIdleWaiters(): void {
    if (this.#unfinished > 0) return;
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }
}

/** Whether an endpoint asked for a type. */
export function wants(target: DeliveryTarget, type: string): boolean {
  return target.enabledEvents.includes("*") || target.enabledEvents.includes(type);
}
