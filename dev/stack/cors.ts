const methods = "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS";
const exposed = "Content-Range, Content-Location, Preference-Applied, X-Total-Count, Link";

/** Answers a preflight for Auth and REST as hosted Supabase does: any origin, whatever headers were asked for. */
export function preflightResponse(request: Request): Response {
  const headers = new Headers({
    "access-control-allow-origin": "*",
    "access-control-allow-methods": methods,
    "access-control-allow-headers": request.headers.get("access-control-request-headers") ??
      "authorization, apikey, content-type, x-client-info",
    "access-control-max-age": "3600",
    "vary": "Access-Control-Request-Headers",
  });
  return new Response(null, { status: 204, headers });
}

/** Lets a browser on any origin read an answer of Auth or REST. */
export function withCors(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set("access-control-allow-origin", "*");
  headers.set("access-control-expose-headers", exposed);
  headers.delete("access-control-allow-credentials");
  return new Response(response.body, {
    status: response.status,
    statusText: response.statusText,
    headers,
  });
}
