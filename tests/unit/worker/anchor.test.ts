import { describe, expect, it } from "vitest";
import { createAnchor } from "../../../supabase/functions/payments-worker/anchor.ts";
import { signS3 } from "../../../supabase/functions/payments-worker/sign-s3.ts";

const HEAD = { epoch: 1, number: 42, statement: "payments audit seal v1\n", signature: "c2ln" };
const BODY = `${JSON.stringify({ statement: HEAD.statement, signature: HEAD.signature })}\n`;
const BUCKET = {
  anchorUrl: "s3+https://s3.eu-central-1.example/bucket/heads?region=eu-central-1",
  anchorCredentials: "AKIDEXAMPLE:secret-secret",
};
const now = () => Date.parse("2026-11-24T09:00:00.000Z");

/** Answers by method and notes what was asked. */
function recording(answers: Record<string, Response>) {
  const asked: Request[] = [];
  const fetch = (input: URL | RequestInfo, init?: RequestInit) => {
    const request = new Request(input, init);
    asked.push(request);
    return Promise.resolve(answers[request.method]?.clone() ?? new Response(null, { status: 500 }));
  };
  return { asked, fetch };
}

describe("signing for S3", () => {
  it("decision 7: leads to the signature of Amazon's own example", () => {
    // https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, PUT Object
    const headers = signS3({
      method: "PUT",
      url: new URL("https://examplebucket.s3.amazonaws.com/test%24file.text"),
      region: "us-east-1",
      headers: {
        date: "Fri, 24 May 2013 00:00:00 GMT",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
      },
      body: "Welcome to Amazon S3.",
      now: Date.parse("2013-05-24T00:00:00Z"),
    }, {
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey: ["wJalrXUtnFEMI", "K7MDENG", "bPxRfiCYEXAMPLEKEY"].join("/"),
    });
    expect(headers["authorization"]).toMatch(
      /SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd$/,
    );
  });
});

describe("an anchor", () => {
  it("decision 7: in a bucket is written once, locked against deletion, with its checksum", async () => {
    const { asked, fetch } = recording({ PUT: new Response(null, { status: 200 }) });
    const anchor = createAnchor(BUCKET, { fetch, now });
    expect(await anchor?.write(HEAD)).toBeNull();
    const [put] = asked;
    expect(put?.url).toBe(
      "https://s3.eu-central-1.example/bucket/heads/000001-000000000042.json",
    );
    expect(await put?.text()).toBe(BODY);
    expect(Object.fromEntries(put?.headers ?? [])).toMatchObject({
      "if-none-match": "*",
      "x-amz-object-lock-mode": "COMPLIANCE",
      "x-amz-object-lock-retain-until-date": "2027-12-29T09:00:00.000Z",
      "x-amz-checksum-sha256": expect.stringMatching(/^[\w+/]{43}=$/),
      authorization: expect.stringContaining("if-none-match"),
    });
    expect(anchor?.target).toBe("s3+https://s3.eu-central-1.example/bucket/heads");
  });

  it("decision 7: that is there already is ours, or another history's", async () => {
    const there = (text: string) =>
      createAnchor(BUCKET, {
        fetch: recording({ PUT: new Response(null, { status: 412 }), GET: new Response(text) })
          .fetch,
        now,
      });
    expect(await there(BODY)?.write(HEAD)).toBeNull();
    expect(await there("another head")?.write(HEAD)).toBe("conflict");
  });

  it("decision 7: at a webhook is posted, follows no redirect, and says what went wrong", async () => {
    const posted = (status: number) => {
      const { asked, fetch } = recording({ POST: new Response(null, { status }) });
      const anchor = createAnchor(
        { anchorUrl: "https://a.example/in?k=s", anchorCredentials: "" },
        {
          fetch,
          now,
        },
      );
      return { asked, anchor };
    };
    const { asked, anchor } = posted(204);
    expect(await anchor?.write(HEAD)).toBeNull();
    expect(asked[0]?.redirect).toBe("error");
    expect(await asked[0]?.text()).toBe(BODY);
    expect(anchor?.target).toBe("https://a.example/in"); // what a query may hold stays out of the database
    expect(await posted(409).anchor?.write(HEAD)).toBe("conflict");
    expect(await posted(500).anchor?.write(HEAD)).toBe("status_500");
    const down = createAnchor({ anchorUrl: "https://a.example/", anchorCredentials: "" }, {
      fetch: () => Promise.reject(new TypeError("down")),
      now,
    });
    expect(await down?.write(HEAD)).toBe("TypeError");
  });
});
