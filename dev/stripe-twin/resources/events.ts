import { z } from "zod";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest, noSuch } from "../engine/errors.ts";
import { flag, inRange, pageParams, range, text } from "../engine/form-params.ts";
import { type LoggedEvent, renderEvent } from "../engine/event-log.ts";
import { paginate } from "../engine/pagination.ts";
import type { World } from "../engine/world.ts";

/** `charge.*` stands for every type that begins with `charge.`. */
function hasType(event: LoggedEvent, wanted: string): boolean {
  return wanted.endsWith("*") ? event.type.startsWith(wanted.slice(0, -1)) : event.type === wanted;
}

/** The events of the last 30 days. */
export function eventEndpoints(world: World) {
  return [
    endpoint({
      method: "GET",
      path: "/v1/events/:id",
      params: z.strictObject({}),
      handle(_scope, _params, path) {
        const event = world.events.findVisible(path("id"));
        if (event === undefined) throw noSuch("event", path("id"), "id", 404);
        return renderEvent(event);
      },
    }),
    endpoint({
      method: "GET",
      path: "/v1/events",
      params: z.strictObject({
        ...pageParams,
        created: range.optional(),
        delivery_success: flag.optional(),
        type: text.optional(),
        types: z.array(text).max(20).optional(),
      }),
      handle(_scope, params) {
        const { type, types } = params;
        if (type !== undefined && types !== undefined) {
          throw invalidRequest("You may only specify one of these parameters: type, types.", {
            param: "type",
          });
        }
        const events = world.events.visible().filter((event) =>
          (type === undefined || hasType(event, type)) &&
          (types === undefined || types.some((wanted) => hasType(event, wanted))) &&
          (params.delivery_success === undefined ||
            params.delivery_success === (event.pending.size === 0 && event.failed.size === 0)) &&
          inRange(params.created, event.created)
        );
        const page = paginate(events, params, "/v1/events");
        return { ...page, data: page.data.map((event) => renderEvent(event)) };
      },
    }),
  ];
}
