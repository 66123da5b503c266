import { invalidRequest } from "./errors.ts";
import { isRecord } from "./form-params.ts";

/** Where expansion looks things up: any object by id, and lists that are only sent when asked for. */
export interface ExpansionSource {
  find(id: string): object | undefined;
  include(owner: Record<string, unknown>, field: string): unknown;
}

/** One path of `expand[]`, and how many more levels it may open. */
interface Walk {
  path: string;
  source: ExpansionSource;
  levels: number;
}

/** Answers with the paths of `expand[]` filled in. The stored objects stay as they are. */
export function expandAnswer(answer: unknown, paths: string[], source: ExpansionSource): unknown {
  return paths.reduce<unknown>(
    (expanded, path) => expandPath(expanded, path.split("."), { path, source, levels: 4 }),
    answer,
  );
}

/** Follows the path; what is an id on the way becomes its object, what is an object already costs no level. */
function expandPath(value: unknown, segments: string[], walk: Walk): unknown {
  const [segment, ...rest] = segments;
  if (segment === undefined || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => expandPath(item, segments, walk));
  if (!isRecord(value)) throw cannotExpand(walk.path);
  const own = Object.hasOwn(value, segment) ? value[segment] : undefined;
  const current = own === undefined ? walk.source.include(value, segment) : own;
  if (current === undefined) throw cannotExpand(walk.path);
  const opened = open(current, own === undefined, walk);
  return { ...value, [segment]: expandPath(opened.value, rest, opened.walk) };
}

function open(value: unknown, included: boolean, walk: Walk): { value: unknown; walk: Walk } {
  if (typeof value === "string") {
    return { value: lookUp(value, walk.path, walk.source), walk: deeper(walk) };
  }
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) =>
      typeof item === "string" ? lookUp(item, walk.path, walk.source) : item
    );
    return {
      value: items,
      walk: value.some((item) => typeof item === "string") ? deeper(walk) : walk,
    };
  }
  if (value !== null && !isRecord(value)) throw cannotExpand(walk.path);
  return { value, walk: included ? deeper(walk) : walk };
}

function deeper(walk: Walk): Walk {
  if (walk.levels === 0) {
    throw invalidRequest("You cannot expand more than 4 levels of a property.", {
      param: "expand",
    });
  }
  return { ...walk, levels: walk.levels - 1 };
}

function lookUp(id: string, path: string, source: ExpansionSource): object {
  const found = source.find(id);
  if (found === undefined) throw cannotExpand(path);
  return found;
}

function cannotExpand(path: string): Error {
  return invalidRequest(
    `This property cannot be expanded (${path}). You may want to try expanding a different property.`,
    { param: "expand" },
  );
}
