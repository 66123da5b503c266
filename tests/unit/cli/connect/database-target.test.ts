import { describe, expect, it } from "vitest";
import { UsageError } from "../../../../cli/command-io.ts";
import { readDatabaseUrl } from "../../../../cli/connect/database-target.ts";

const FAR = "postgresql://postgres:s%40crct@db.example.supabase.co:6543/postgres";

describe("a database URL", () => {
  it("4.3a of this machine needs no TLS", () => {
    expect(readDatabaseUrl("postgresql://u:p@127.0.0.1:5433/postgres", "--db-url")).toEqual({
      host: "127.0.0.1",
      port: 5433,
      user: "u",
      password: "p",
      database: "postgres",
      tls: "off",
      authorityFile: null,
    });
  });

  it("4.3a that leaves this machine is taken with verified TLS", () => {
    expect(readDatabaseUrl(`${FAR}?sslmode=verify-full&sslrootcert=ca.crt`, "--db-url"))
      .toMatchObject({ tls: "verified", password: "s@crct", authorityFile: "ca.crt" });
  });

  it.each([
    FAR,
    `${FAR}?sslmode=disable`,
    `${FAR}?sslmode=prefer`,
    `${FAR}?sslmode=require`,
    `${FAR}?sslmode=verify-ca`,
    "postgresql://u:p@127.0.0.1.example.com/postgres",
    "postgresql://u:p@localhost.example.com/postgres",
    "postgresql://u:p@127.0.0.1/postgres?sslmode=require",
  ])("4.3a is refused without verified TLS: %s", (url) => {
    expect(() => readDatabaseUrl(url, "--db-url")).toThrow(UsageError);
  });

  it.each([
    "https://example.com",
    "nonsense",
    "postgresql://127.0.0.1/postgres",
    `${FAR}?sslmode=verify-full&host=127.0.0.1`,
    `${FAR}?sslmode=verify-full&target_session_attrs=any`,
  ])("is refused: %s", (url) => {
    expect(() => readDatabaseUrl(url, "--db-url")).toThrow(UsageError);
  });

  it("2.1a is never repeated in the message", () => {
    expect(() => readDatabaseUrl(FAR, "PAYMENTS_DB_URL")).toThrow(/^(?!.*crct).*verify-full/);
  });
});
