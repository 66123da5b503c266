import { z } from "zod";
import { endpoint } from "../engine/endpoint.ts";
import {
  flag,
  mergeMetadata,
  metadata,
  pageParams,
  text,
  unsettable,
  url,
} from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";
import type { World } from "../engine/world.ts";
import type { WebhookEndpoint } from "../objects/types.ts";

/** Endpoints that events are delivered to. The secret is shown once, when an endpoint is made. */
export function webhookEndpointEndpoints(world: World) {
  return [
    endpoint({
      method: "POST",
      path: "/v1/webhook_endpoints",
      params: z.strictObject({
        api_version: text.optional(),
        description: unsettable.optional(),
        enabled_events: z.array(text).min(1),
        metadata: metadata.optional(),
        url,
      }),
      handle(scope, params) {
        const made: WebhookEndpoint = {
          id: scope.ids.make("we"),
          object: "webhook_endpoint",
          api_version: params.api_version ?? null,
          application: null,
          created: scope.clock.now(),
          description: params.description ?? null,
          enabled_events: params.enabled_events,
          livemode: false,
          metadata: mergeMetadata({}, params.metadata),
          status: "enabled",
          url: params.url,
        };
        const secret = scope.ids.make("whsec", 32);
        world.endpointSecrets.set(made.id, secret);
        scope.store.webhookEndpoints.put(made);
        return { ...made, secret };
      },
    }),
    endpoint({
      method: "GET",
      path: "/v1/webhook_endpoints/:id",
      params: z.strictObject({}),
      handle: (scope, _params, path) => scope.store.webhookEndpoints.need(path("id")),
    }),
    endpoint({
      method: "POST",
      path: "/v1/webhook_endpoints/:id",
      params: z.strictObject({
        description: unsettable.optional(),
        disabled: flag.optional(),
        enabled_events: z.array(text).min(1).optional(),
        metadata: metadata.optional(),
        url: url.optional(),
      }),
      handle(scope, params, path) {
        const before = scope.store.webhookEndpoints.need(path("id"));
        const status = params.disabled === undefined
          ? before.status
          : params.disabled
          ? "disabled"
          : "enabled";
        return scope.store.webhookEndpoints.put({
          ...before,
          description: params.description ?? before.description,
          enabled_events: params.enabled_events ?? before.enabled_events,
          metadata: mergeMetadata(before.metadata, params.metadata),
          status,
          url: params.url ?? before.url,
        });
      },
    }),
    endpoint({
      method: "DELETE",
      path: "/v1/webhook_endpoints/:id",
      params: z.strictObject({}),
      handle(scope, _params, path) {
        const { id } = scope.store.webhookEndpoints.need(path("id"));
        scope.store.webhookEndpoints.remove(id);
        world.endpointSecrets.delete(id);
        return { id, object: "webhook_endpoint", deleted: true };
      },
    }),
    endpoint({
      method: "GET",
      path: "/v1/webhook_endpoints",
      params: z.strictObject(pageParams),
      handle: (scope, params) =>
        paginate(scope.store.webhookEndpoints.newestFirst(), params, "/v1/webhook_endpoints"),
    }),
  ];
}
