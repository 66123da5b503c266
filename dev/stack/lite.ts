import { App, type ResolvedKey } from "@supabase/lite";
import { createPostgresConnection, type PostgresConnection } from "@supabase/lite/postgres";
import type postgres from "postgres";
import type { Log } from "./log.ts";
import type { ProjectConfig } from "./project-config.ts";
import { connect } from "./sql.ts";
import { batchSessionSettings } from "./lite-session.ts";
import { routeLiteErrors, toRestError } from "./rest-errors.ts";
import { createSettableRoles, type SettableRoles } from "./settable-roles.ts";

/** Auth and REST, in this process: Supabase Lite on the stack's Postgres. */
export interface Lite {
  /** Makes Auth's tables and the migrations' history; before the migrations. */
  createSystemSchema(): Promise<void>;
  /** Follows schema changes and answers one request, so that the first caller waits for nothing. */
  warmUp(): Promise<void>;
  /** Answers `/auth/v1/…` and `/rest/v1/…`; the paths must be no others (Lite has open debug routes). */
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

/** How long requests of a server that went away may take to end. */
const endGraceSeconds = 5;

export interface LiteOptions {
  /** The superuser's: each request then becomes the role of its key or token. */
  url: string;
  jwtSecret: string;
  siteUrl: string;
  publishableKey: string;
  /** Key value → database role. */
  roleOfSecretKey: ReadonlyMap<string, string>;
  project: ProjectConfig;
  log: Log;
}

export function createLite(options: LiteOptions): Lite {
  let serving = serve(options);
  let listener: postgres.Sql | undefined;
  /**
   * The driver can lose a connection for good when the server goes away under a write: it never sends
   * another byte on it (its `nextWriteTimer` stays set), and waits. A server that is back gets new ones.
   */
  const replace = () => {
    const { driver } = serving.connection;
    serving = serve(options);
    driver.end({ timeout: endGraceSeconds }).catch(() => {});
  };
  return {
    createSystemSchema: () => serving.app.ensureSystemSchema(),
    async warmUp() {
      listener = await followSchemaChanges(
        options.url,
        () => serving.connection.clearSchemaCache(),
        replace,
      );
      await serving.app.fetch(
        new Request("http://127.0.0.1/rest/v1/", { headers: { apikey: options.publishableKey } }),
      ).then((response) => response.body?.cancel());
      await serving.connection.introspect({ useCache: true });
    },
    async fetch(request) {
      const { app, settableRoles } = serving;
      const role = options.roleOfSecretKey.get(request.headers.get("apikey") ?? "");
      if (role !== undefined && !await settableRoles.includes(role)) return refuseRole(role);
      return await app.fetch(request);
    },
    async close() {
      await listener?.end({ timeout: 0 });
      await serving.connection.driver.end({ timeout: 0 });
    },
  };
}

interface Serving {
  connection: PostgresConnection;
  app: App;
  settableRoles: SettableRoles;
}

function serve(options: LiteOptions): Serving {
  const connection = openConnection(options.url, options.log);
  const app = createApp(connection, options);
  return { connection, app, settableRoles: createSettableRoles(connection.driver) };
}

/** The connection with the driver's two known faults taken out. */
function openConnection(url: string, log: Log): PostgresConnection {
  const connection = createPostgresConnection({
    url,
    postgresOptions: {
      ssl: false,
      max: 20,
      onnotice: () => {},
      // JSON arguments arrive as text already; the default would encode them a second time.
      types: { json: jsonType(114), jsonb: jsonType(3802) },
    },
  });
  claimRlsIsActive(connection);
  batchSessionSettings(connection);
  connection.normalizeDbError = (error) => toRestError(error, log);
  routeLiteErrors();
  return connection;
}

function jsonType(oid: number): postgres.PostgresType {
  return {
    to: oid,
    from: [oid],
    serialize: (value: unknown) => typeof value === "string" ? value : JSON.stringify(value),
    parse: (text: string) => JSON.parse(text),
  };
}

/**
 * Lite decides at its first query whether the database uses row-level security. When it finds none it runs everyone's requests as the
 * superuser from then on; when it finds some it grants ALL on every table of those schemas to the API roles. Neither may happen, so
 * the answer is put in before it asks. The field is Lite's own; a version without it must not start.
 */
function claimRlsIsActive(connection: PostgresConnection): void {
  if (Reflect.get(connection, "rlsState") !== "unknown") {
    throw new Error("This version of @supabase/lite keeps its row-level-security state elsewhere");
  }
  Reflect.set(connection, "rlsState", "active");
}

function createApp(connection: PostgresConnection, options: LiteOptions) {
  const { api, auth } = options.project;
  return new App({
    connection,
    api: { schemas: [...api.schemas], max_rows: api.max_rows, pg_safe_update: true },
    auth: {
      enabled: true,
      jwt_secret: options.jwtSecret,
      jwt_expiry: auth.jwt_expiry,
      site_url: options.siteUrl,
      additional_redirect_urls: [options.siteUrl],
      enable_signup: auth.enable_signup,
      minimum_password_length: auth.minimum_password_length,
      enable_refresh_token_rotation: auth.enable_refresh_token_rotation,
      refresh_token_reuse_interval: auth.refresh_token_reuse_interval,
      // Sign-up is confirmed at once: there is no mailbox here.
      email: { enable_signup: auth.enable_signup, enable_confirmations: false },
    },
    storage: { enabled: false },
    studio: { enabled: false },
    options: {
      server: { disableStudio: true, admin: false, apiKeys: { resolver: keyResolver(options) } },
    },
  });
}

function keyResolver(options: LiteOptions): (key: string) => Promise<ResolvedKey | null> {
  return (key) => {
    if (key === options.publishableKey) {
      return Promise.resolve({ type: "publishable", claims: { role: "anon" } });
    }
    const role = options.roleOfSecretKey.get(key);
    return Promise.resolve(role === undefined ? null : { type: "secret", claims: { role } });
  };
}

/** PostgREST's answer when `authenticator` may not become the role. */
function refuseRole(role: string): Response {
  const message = `permission denied to set role "${role}"`;
  return Response.json({ code: "42501", details: null, hint: null, message }, { status: 403 });
}

/** PostgREST reloads its schema cache on NOTIFY pgrst; Lite never does, so the stack listens for it. */
async function followSchemaChanges(
  url: string,
  onChange: () => void,
  onServerBack: () => void,
): Promise<postgres.Sql> {
  const listener = connect(url);
  let isConnected = false;
  await listener.listen("pgrst", onChange, () => {
    if (isConnected) onServerBack(); // what begins anew misses no change either
    isConnected = true;
  });
  return listener;
}
