import type postgres from "postgres";

/** Knows which roles hosted REST could become. */
export interface SettableRoles {
  includes(role: string): Promise<boolean>;
}

/**
 * Hosted REST connects as `authenticator` and can become only roles granted to it. Lite connects as the superuser, which can become
 * any, so the rule is applied here: a migration that forgets `grant … to authenticator` must fail on this machine, not after the
 * deploy. A grant found is remembered; a revoke is noticed at the next start.
 */
export function createSettableRoles(sql: postgres.Sql): SettableRoles {
  const known = new Set<string>();
  return {
    async includes(role) {
      if (known.has(role)) return true;
      const rows = await sql`
        select from pg_catalog.pg_roles
        where rolname = ${role} and pg_catalog.pg_has_role('authenticator', oid, 'SET')
      `;
      if (rows.length > 0) known.add(role);
      return rows.length > 0;
    },
  };
}
