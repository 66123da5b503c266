import { z } from "zod";
import { UsageError } from "../command-io.ts";

/** How to reach a database; a certificate that cannot be verified ends the connection. */
export interface DatabaseTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** `off` on loopback only. */
  readonly tls: "off" | "verified";
  /** A file with the authority's certificate, where it is not one of the system's. */
  readonly authorityFile: string | null;
}

const LOOPBACK = ["127.0.0.1", "[::1]", "localhost"];
const parameters = z.strictObject({
  sslmode: z.string().optional(),
  sslrootcert: z.string().min(1).optional(),
});

/**
 * Reads a database URL. What leaves this machine must say `sslmode=verify-full`: every weaker mode
 * sends the password to whoever answers (requirement 4.3a).
 *
 * @throws UsageError that repeats nothing of the URL
 */
export function readDatabaseUrl(text: string, from: string): DatabaseTarget {
  const url = URL.parse(text);
  if (url === null || !/^postgres(?:ql)?:$/.test(url.protocol)) {
    throw new UsageError(`${from} is no postgresql:// URL`);
  }
  if (url.username === "") throw new UsageError(`${from} names no user`);
  const query = parameters.safeParse(Object.fromEntries(url.searchParams));
  if (!query.success) {
    throw new UsageError(`${from} may have the parameters sslmode and sslrootcert, and no other`);
  }
  const { sslmode, sslrootcert = null } = query.data;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 5432 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || "postgres",
    tls: tlsOf(LOOPBACK.includes(url.hostname), sslmode, from),
    authorityFile: sslrootcert,
  };
}

function tlsOf(
  isLoopback: boolean,
  sslmode: string | undefined,
  from: string,
): DatabaseTarget["tls"] {
  if (sslmode === "verify-full") return "verified";
  if (isLoopback && (sslmode === undefined || sslmode === "disable")) return "off";
  throw new UsageError(
    isLoopback
      ? `${from}: sslmode is disable or verify-full on this machine`
      : `${from} leaves this machine, so it needs sslmode=verify-full (with sslrootcert=<file> for Supabase's own authority)`,
  );
}
