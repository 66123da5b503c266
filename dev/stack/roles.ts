import type postgres from "postgres";
import { readSql } from "./sql.ts";

/** Makes hosted Supabase's roles and schemas in a new cluster, and sets the passwords of those that log in. */
export async function createRoles(
  sql: postgres.Sql,
  passwords: { postgres: string; authenticator: string },
): Promise<void> {
  await sql.unsafe(await readSql("roles.sql"));
  for (const [role, password] of Object.entries(passwords)) {
    // A role's password takes no parameter. The value is base64url, made by secrets.ts.
    await sql.unsafe(`alter role ${role} password '${password}'`);
  }
}

/** Gives the tables that Supabase Lite made in schema auth the rights they have when hosted. */
export async function secureAuthSchema(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(await readSql("auth-schema.sql"));
}
