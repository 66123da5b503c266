import { z } from "zod";
import { changed, made } from "../engine/emit.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest } from "../engine/errors.ts";
import { pageParams, text, timestamp } from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";

/**
 * Test clocks as objects only: they can be made and advanced and make their events, but nothing runs on them. The
 * twin has one time for everything, and `POST /_twin/clock` moves it.
 */
export const testClockEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/test_helpers/test_clocks",
    params: z.strictObject({ frozen_time: timestamp, name: text.optional() }),
    handle(scope, params) {
      const clock = scope.store.testClocks.put({
        id: scope.ids.make("clock"),
        object: "test_helpers.test_clock",
        created: scope.clock.now(),
        deletes_after: scope.clock.now() + 30 * 86_400,
        frozen_time: params.frozen_time,
        livemode: false,
        name: params.name ?? null,
        status: "ready",
        status_details: {},
      });
      scope.emit("test clock created", { "test_helpers.test_clock.created": made(clock) });
      return clock;
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/test_helpers/test_clocks/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.testClocks.need(path("id")),
  }),
  endpoint({
    method: "POST",
    path: "/v1/test_helpers/test_clocks/:id/advance",
    params: z.strictObject({ frozen_time: timestamp }),
    handle(scope, params, path) {
      const before = scope.store.testClocks.need(path("id"));
      if (params.frozen_time <= before.frozen_time) {
        throw invalidRequest("A test clock can only be advanced into its future.", {
          param: "frozen_time",
        });
      }
      const advancing = { ...before, status: "advancing" as const };
      const ready = scope.store.testClocks.put({ ...before, frozen_time: params.frozen_time });
      scope.emit("test clock advanced", {
        "test_helpers.test_clock.advancing": changed(before, advancing),
        "test_helpers.test_clock.ready": made(ready),
      });
      return advancing;
    },
  }),
  endpoint({
    method: "DELETE",
    path: "/v1/test_helpers/test_clocks/:id",
    params: z.strictObject({}),
    handle(scope, _params, path) {
      const clock = scope.store.testClocks.need(path("id"));
      scope.store.testClocks.remove(clock.id);
      scope.emit("test clock deleted", { "test_helpers.test_clock.deleted": made(clock) });
      return { id: clock.id, object: "test_helpers.test_clock", deleted: true };
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/test_helpers/test_clocks",
    params: z.strictObject(pageParams),
    handle: (scope, params) =>
      paginate(scope.store.testClocks.newestFirst(), params, "/v1/test_helpers/test_clocks"),
  }),
];
