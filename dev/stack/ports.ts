/** A port that the stack was told to use and that something else holds. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
  constructor(readonly port: number) {
    super(
      `Port ${port} is taken: stop what listens there, or set PAYMENTS_STACK_PORT_BASE to a free range`,
    );
  }
}

/** Hands out the stack's ports: consecutive ones from a base, or any that are free. */
export interface PortPlan {
  /** True when the ports were asked for: another one will not do. */
  readonly isFixed: boolean;
  next(): number;
}

/**
 * @param base first port, or undefined for free ones
 * @throws PortTakenError when a port of a given base cannot be bound
 */
export function createPortPlan(base?: number): PortPlan {
  let offset = 0;
  return {
    isFixed: base !== undefined,
    next() {
      if (base === undefined) return probe(0);
      const port = base + offset++;
      try {
        return probe(port);
      } catch (error) {
        if (error instanceof Deno.errors.AddrInUse) throw new PortTakenError(port);
        throw error;
      }
    },
  };
}

/**
 * Reads PAYMENTS_STACK_PORT_BASE.
 * @throws when it is set and is not a port that leaves room for the stack's own
 */
export function readPortBase(value: string | undefined): number | undefined {
  if (value === undefined || value === "") return undefined;
  const port = Number(value);
  if (!/^\d{1,5}$/.test(value) || port < 1024 || port > 65_500) {
    throw new Error(`PAYMENTS_STACK_PORT_BASE must be a number from 1024 to 65500, not "${value}"`);
  }
  return port;
}

function probe(port: number): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const bound = listener.addr.port;
  listener.close();
  return bound;
}

/** A plan with one port in it, when that port was chosen by a base. */
export function reservePort(plan: PortPlan): PortPlan {
  if (!plan.isFixed) return plan;
  const port = plan.next();
  return { isFixed: true, next: () => port };
}
