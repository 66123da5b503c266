// Everybody who can ask: with an access token, or with one of the project's keys.
import type postgres from "postgres";
import { type SignedInUser, signUp, stack } from "../../../support/stack.ts";
import type { Actor } from "./probe.ts";

export interface ApiActor extends Actor {
  /** Headers of this caller's requests. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whose own rows it may see. */
  readonly userId: string | null;
}

export const STAFF_ROLES = ["admin", "finance", "support", "auditor"] as const;

export interface Cast {
  readonly owner: SignedInUser;
  readonly other: SignedInUser;
  readonly actors: readonly ApiActor[];
  /** Takes back what was arranged. */
  leave(): Promise<void>;
}

/** Signs everybody up: two users, a member of staff of each role, and every role a key may name. */
export async function gather(sql: postgres.Sql): Promise<Cast> {
  const [owner, other] = [await signUp(), await signUp()];
  const staff: ApiActor[] = [];
  for (const role of STAFF_ROLES) {
    const member = await signUp();
    await sql`insert into payments_private.staff_members (user_id, role, granted_by)
      values (${member.user.id}, ${role}, 'matrix')`;
    staff.push(asUser(`staff: ${role}`, member));
  }
  const { publishableKey: apikey } = stack();
  return {
    owner,
    other,
    actors: [
      { name: "anon", role: "anon", claims: { role: "anon" }, headers: { apikey }, userId: null },
      asUser("its owner", owner),
      asUser("another user", other),
      ...staff,
      ...await keyHolders(sql, owner),
    ],
    async leave() {
      await sql`delete from payments_private.staff_members where granted_by = 'matrix'`;
    },
  };
}

function asUser(name: string, { user, accessToken }: SignedInUser): ApiActor {
  return {
    name,
    role: "authenticated",
    claims: JSON.parse(decode(accessToken.split(".")[1] ?? "")),
    headers: { apikey: stack().publishableKey, authorization: `Bearer ${accessToken}` },
    userId: user.id,
  };
}

/** Every role that the API can become besides those of visitors; in SQL they claim to be the owner. */
async function keyHolders(sql: postgres.Sql, owner: SignedInUser): Promise<ApiActor[]> {
  const roles = await sql<{ name: string }[]>`
    select rolname as name from pg_roles
    where pg_has_role('authenticator', oid, 'SET')
      and rolname not in ('anon', 'authenticated', 'authenticator') order by 1`;
  return roles.map(({ name }) => {
    const apikey = stack().secretKeys[name === "service_role" ? "default" : name];
    if (apikey === undefined) throw new Error(`No key of the stack names ${name}`);
    const claims = { role: name, sub: owner.user.id };
    return { name, role: name, claims, headers: { apikey }, userId: null };
  });
}

function decode(part: string): string {
  return atob(part.replaceAll("-", "+").replaceAll("_", "/"));
}
