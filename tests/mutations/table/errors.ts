import type { Mutation } from "../mutation.ts";

const ENDPOINT = "supabase/functions/_shared/endpoint.ts";
const ENDPOINT_TESTS = ["tests/unit/functions/endpoint.test.ts"];

/** What a caller learns when something goes wrong, and what the log does. */
export const ERROR_MUTATIONS: readonly Mutation[] = [
  {
    requirement: "9.1a",
    what: "leaves the request id out of a problem",
    file: "supabase/functions/_shared/respond.ts",
    find: "    request_id: requestId,\n",
    replace: "",
    tests: ENDPOINT_TESTS,
    name: "answers with problem\\+json whose code is from the closed list",
  },
  {
    requirement: "9.1a",
    what: "answers with a title that is not documented",
    file: "supabase/functions/_shared/errors.ts",
    find: 'title: "Sign in to continue"',
    replace: 'title: "JWT expired"',
    tests: ["tests/unit/house/documents.test.ts"],
    name: "lists exactly the codes, statuses and titles",
  },
  {
    requirement: "9.1b",
    what: "keeps the detail out of the log",
    file: ENDPOINT,
    find: "...detailOf(thrown)",
    replace: "",
    tests: ENDPOINT_TESTS,
    name: "logs an internal detail under the request id",
  },
  {
    requirement: "9.1c",
    what: "sends what was thrown",
    file: ENDPOINT,
    find: "answer = answerToError(thrown, requestId, log);",
    replace: "answer = { status: 500, headers: {}, body: String(thrown) };",
    tests: ENDPOINT_TESTS,
    name: "survives throwing",
  },
];
