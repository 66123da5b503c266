import type { Plugin } from "vite";

/**
 * Writes a Content-Security-Policy into the built page: own scripts, styles, fonts and pictures,
 * and one other origin to talk to, the project's Supabase URL.
 *
 * Only for the build. The development server injects an inline script for hot reloading.
 * `frame-ancestors` and reporting do not work from a meta element: a host should send the same
 * policy as a header with `frame-ancestors 'none'`.
 *
 * @param supabaseUrl The project's URL; without it the page may connect to nothing.
 */
export function contentSecurityPolicy(supabaseUrl: string | undefined): Plugin {
  return {
    name: "tidepost:content-security-policy",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: () => [{
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: policyFor(supabaseUrl) },
        injectTo: "head-prepend",
      }],
    },
  };
}

function policyFor(supabaseUrl: string | undefined): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    `connect-src ${originOf(supabaseUrl) ?? "'none'"}`,
    "base-uri 'none'",
    "form-action 'self'",
    "object-src 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

function originOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined;
}
