// The scenario of every client, in TypeScript. Started by `make test-clients`.

import { strict as assert } from "node:assert";

import { createCospecClient, type Schemas } from "@cospec/client";

const url = process.env["COSPEC_URL"] ?? "";
const laterUrl = process.env["COSPEC_LATER_URL"] ?? "";
const slug = "client-scenario";

function withKey(apiKey: string, baseUrl = url) {
  return createCospecClient({ apiKey, baseUrl });
}

function holds(step: string): void {
  console.log(`holds: ${step}`);
}

interface Answer<Data, Failure> {
  data?: Data;
  error?: Failure;
  response: Response;
}

function read<Data, Failure>({ data, error, response }: Answer<Data, Failure>, status = 200): NonNullable<Data> {
  assert.equal(response.status, status, JSON.stringify(error));
  assert.ok(data);
  return data;
}

function problem<Data, Failure extends Schemas["Problem"]>(
  { error, response }: Answer<Data, Failure>,
  status: number,
  code: string,
): Failure {
  assert.equal(response.status, status);
  assert.ok(error);
  assert.equal(error.type, code);
  assert.equal(error.status, status);
  assert.ok(error.title);
  holds(`problem ${code}`);
  return error;
}

async function advance(seconds: number): Promise<void> {
  const body = JSON.stringify({ advanceSeconds: seconds });
  const answer = await fetch(`${url}/_control/clock`, { method: "POST", body });
  assert.equal(answer.status, 200);
}

const client = withKey("csk_live_scenario");
const params = { path: { idOrSlug: slug } };

const key = read(await client.GET("/v1/api-keys/me"));
assert.ok(key.keyPrefix.startsWith("csk_live_"));
assert.ok(key.organizationId);
holds("who am I");

const wanted: Schemas["TemplateCreate"] = {
  slug,
  name: "Scenario",
  baseImage: "python-3.12",
  description: "To be cleared.",
  guardrails: { maxTurns: 40, maxCostUsd: 2.5 },
};
const { template } = read(await client.POST("/v1/templates", { body: wanted }), 201);
assert.equal(template.slug, slug);
assert.equal(template.description, "To be cleared.");
assert.equal(template.guardrails.maxTurns, 40);
assert.equal(template.guardrails.maxCostUsd, 2.5);
assert.equal(template.isSystem, false);
holds("create a template");

const left = read(await client.PATCH("/v1/templates/{idOrSlug}", { params, body: { name: "Renamed" } }));
assert.equal(left.template.description, "To be cleared.");
const cleared = read(await client.PATCH("/v1/templates/{idOrSlug}", { params, body: { description: null } }));
assert.equal(cleared.template.description, null);
assert.equal(cleared.template.name, "Renamed");
holds("update it with null");

function create(key: string, { template = slug, repo = "acme/storefront", prompt = "Go." } = {}) {
  return withKey(key).POST("/v1/runs", { body: { repo, template, prompt } });
}

const prompt = "Do it. [mock:pull-request] [mock:issue] [mock:branch]";
const started = read(await create("csk_live_scenario", { prompt }), 201);
assert.equal(started.status, "pending");
holds("start a run");

async function getRun(asking: typeof client, id: string): Promise<Schemas["Run"]> {
  return read(await asking.GET("/v1/runs/{id}", { params: { path: { id } } }));
}

let run = await getRun(client, started.id);
for (let polls = 0; polls < 60 && (run.status === "pending" || run.status === "running"); polls += 1) {
  await advance(60);
  run = await getRun(client, started.id);
}
assert.equal(run.status, "completed");
assert.equal(run.failReason ?? null, null);
assert.equal(run.guardrails.maxTurns, 40);
holds("poll it to the end");

/** Reads each kind by its own members; what it returns tells the kinds that it knew. */
function kindsOf(outputs: Schemas["RunOutput"][]): string[] {
  return outputs.map((output) => {
    switch (output.type) {
      case "text":
        assert.ok(output.content);
        return output.type;
      case "pr":
        assert.ok(output.number >= 1 && output.url.startsWith("https://"));
        return output.type;
      case "issue":
        assert.ok(output.title);
        return output.type;
      case "branch":
        assert.ok(output.name);
        return output.type;
      default:
        output satisfies never;
        return "unknown";
    }
  });
}
assert.deepEqual(new Set(kindsOf(run.outputs)), new Set(["text", "pr", "issue", "branch"]));
holds("read outputs of every kind");

const slow = read(await create("csk_live_scenario"), 201);
const slowRun = { params: { path: { id: slow.id } } };
const stopped = read(await client.POST("/v1/runs/{id}/cancel", slowRun));
assert.ok(Date.parse(stopped.cancelRequestedAt ?? "") >= Date.parse(stopped.createdAt));
await advance(60);
const late = await client.POST("/v1/runs/{id}/cancel", slowRun);
assert.equal(late.response.status, 409);
assert.equal(late.error?.type, "CONFLICT");
holds("cancel a run");

const full = withKey("csk_live_full_scenario");
const seen = new Set<string>();
let total = 0;
let pages = 1;
for (let page = 1; page <= pages; page += 1) {
  const listed = read(await full.GET("/v1/runs", { params: { query: { page, limit: 4 } } }));
  assert.equal(listed.pagination.page, page);
  assert.equal(listed.meta.activeCount, 10);
  listed.data.forEach(({ id }) => seen.add(id));
  ({ total, totalPages: pages } = listed.pagination);
}
assert.ok(pages > 1);
assert.equal(seen.size, total);
holds("page through a list");

const wrong = { slug: "Not A Slug", name: "", baseImage: "node-22" } as const;
const invalid = problem(await client.POST("/v1/templates", { body: wrong }), 400, "VALIDATION_FAILED");
assert.deepEqual(new Set(invalid.errors?.map(({ field }) => field)), new Set(["slug", "name"]));
assert.ok(invalid.errors?.every(({ code, message }) => code && message));

problem(await create("csk_live_scenario", { template: "missing" }), 400, "RUN_TEMPLATE_NOT_FOUND");
problem(await withKey("csk_live_revoked_scenario").GET("/v1/api-keys/me"), 401, "API_KEY_INVALID");
const poor = await create("csk_live_no_credits_scenario", { template: "node-default" });
problem(poor, 402, "USAGE_INSUFFICIENT_CREDITS");
const system = { params: { path: { idOrSlug: "node-default" } }, body: { name: "Mine" } };
problem(await client.PATCH("/v1/templates/{idOrSlug}", system), 403, "TEMPLATE_SYSTEM_READONLY");
const missing = { params: { path: { idOrSlug: "missing" } } };
problem(await client.GET("/v1/templates/{idOrSlug}", missing), 404, "TEMPLATE_NOT_FOUND");
problem(await client.POST("/v1/templates", { body: wanted }), 409, "TEMPLATE_SLUG_EXISTS");
const limited = await withKey("csk_live_rate_limited_scenario").GET("/v1/api-keys/me");
problem(limited, 429, "RATE_LIMIT_EXCEEDED");
problem(await withKey("csk_live_internal_error_scenario").GET("/v1/api-keys/me"), 500, "INTERNAL_ERROR");
problem(await create("csk_live_scenario", { repo: "mock/orchestrator-error" }), 502, "RUN_ORCHESTRATOR_ERROR");
problem(await create("csk_live_scenario", { repo: "mock/unavailable" }), 503, "SANDBOX_UNAVAILABLE");

const header = (name: string): number => Number(limited.response.headers.get(name) ?? Number.NaN);
assert.ok(header("Retry-After") >= 0 && header("Retry-After") <= 60);
assert.equal(header("X-RateLimit-Limit"), 200);
assert.equal(header("X-RateLimit-Remaining"), 0);
assert.ok(header("X-RateLimit-Reset") > 1_000_000_000);
holds("wait as a refused request says");

const deleted = await client.DELETE("/v1/templates/{idOrSlug}", { params });
assert.equal(deleted.response.status, 204);
const gone = await client.GET("/v1/templates/{idOrSlug}", { params });
assert.equal(gone.response.status, 404);
holds("delete");

const later = withKey("csk_live_scenario", laterUrl);
const strange = await getRun(later, "run_later");
assert.equal(strange.status as string, "paused");
assert.equal(strange.usage?.totalCostUsd, 0.9195);
assert.deepEqual(kindsOf(strange.outputs), ["text", "pr", "issue", "branch", "unknown"]);
assert.ok("laterMember" in strange);
const archived = await later.GET("/v1/templates/{idOrSlug}", { params: { path: { idOrSlug: "archived" } } });
assert.equal(archived.response.status, 404);
assert.equal(archived.error?.type as string, "TEMPLATE_ARCHIVED");
holds("unknown members, values and kinds");
