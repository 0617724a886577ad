// The scenario of every client, in Go. Started by `make test-clients`.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"cospec.io/client"
	"github.com/oapi-codegen/nullable"
)

const slug = "client-scenario"

var (
	ctx   = context.Background()
	url   = os.Getenv("COSPEC_URL")
	ahead = os.Getenv("COSPEC_LATER_URL")
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func assert(holds bool, format string, values ...any) {
	if !holds {
		panic(fmt.Sprintf("not so: "+format, values...))
	}
}

func holds(step string) { fmt.Println("holds: " + step) }

func ptr[T any](value T) *T { return &value }

func withKeyAt(key, server string) *cospec.ClientWithResponses {
	return must(cospec.New(key, cospec.WithBaseURL(server)))
}

func withKey(key string) *cospec.ClientWithResponses { return withKeyAt(key, url) }

// answer is what each operation's response can tell of itself.
type answer interface {
	StatusCode() int
}

// read gives the body that the client has read for the expected status.
func read[T any](response answer, body *T, status int) T {
	assert(response.StatusCode() == status, "status %d is %d", response.StatusCode(), status)
	assert(body != nil, "a body was read for status %d", status)
	return *body
}

// problem asserts the code of a problem that the client has read into the type of its family.
func problem[Code ~string, Status ~int](code Code, status Status, title, expectedCode string, expectedStatus int) {
	assert(string(code) == expectedCode, "code %s is %s", code, expectedCode)
	assert(int(status) == expectedStatus, "status %d is %d", status, expectedStatus)
	assert(title != "", "%s has a title", expectedCode)
	holds("problem " + expectedCode)
}

func advance(seconds int) {
	body := strings.NewReader(fmt.Sprintf(`{"advanceSeconds": %d}`, seconds))
	response := must(http.Post(url+"/_control/clock", "application/json", body))
	defer response.Body.Close()
	assert(response.StatusCode == http.StatusOK, "the clock moves: %d", response.StatusCode)
}

func create(key, template, repo, prompt string) *cospec.CreateRunResponse {
	body := cospec.RunCreate{Repo: repo, Prompt: prompt, Template: template}
	return must(withKey(key).CreateRunWithResponse(ctx, body))
}

func getRun(client *cospec.ClientWithResponses, id string) cospec.Run {
	response := must(client.GetRunWithResponse(ctx, id))
	return read(response, response.JSON200, http.StatusOK)
}

// kinds reads each output by its own members and tells the kinds that the client knew.
func kinds(outputs []cospec.RunOutput) []string {
	var found []string
	for _, output := range outputs {
		kind := must(output.Discriminator())
		switch kind {
		case "text":
			assert(must(output.AsTextOutput()).Content != "", "a text has content")
		case "pr":
			pull := must(output.AsPullRequestOutput())
			assert(pull.Number >= 1 && strings.HasPrefix(pull.Url, "https://"), "a pull request has number and URL")
		case "issue":
			assert(must(output.AsIssueOutput()).Title != "", "an issue has a title")
		case "branch":
			assert(must(output.AsBranchOutput()).Name != "", "a branch has a name")
		default:
			kind = "unknown"
		}
		found = append(found, kind)
	}
	return found
}

func main() {
	client := withKey("csk_live_scenario")

	me := must(client.GetCurrentApiKeyWithResponse(ctx))
	key := read(me, me.JSON200, http.StatusOK)
	assert(strings.HasPrefix(key.KeyPrefix, "csk_live_") && key.OrganizationId != "", "the key is told: %v", key)
	holds("who am I")

	wanted := cospec.TemplateCreate{
		Slug:        slug,
		Name:        "Scenario",
		BaseImage:   cospec.BaseImagePython312,
		Description: ptr("To be cleared."),
		Guardrails:  &cospec.TemplateGuardrails{MaxTurns: ptr(40), MaxCostUsd: ptr(2.5)},
	}
	made := must(client.CreateTemplateWithResponse(ctx, wanted))
	template := read(made, made.JSON201, http.StatusCreated).Template
	assert(template.Slug == slug && !template.IsSystem, "the template is told: %v", template)
	assert(template.Description.MustGet() == "To be cleared.", "the description is told")
	assert(template.Guardrails.MaxTurns.MustGet() == 40, "the guardrails are told")
	assert(template.Guardrails.MaxCostUsd.MustGet() == 2.5, "the guardrails are told")
	holds("create a template")

	left := must(client.UpdateTemplateWithResponse(ctx, slug, cospec.TemplateUpdate{Name: ptr("Renamed")}))
	template = read(left, left.JSON200, http.StatusOK).Template
	assert(template.Description.MustGet() == "To be cleared.", "what is left out stays")
	change := cospec.TemplateUpdate{Description: nullable.NewNullNullable[string]()}
	cleared := must(client.UpdateTemplateWithResponse(ctx, slug, change))
	template = read(cleared, cleared.JSON200, http.StatusOK).Template
	assert(template.Description.IsNull(), "null clears")
	assert(template.Name == "Renamed", "the name stays")
	holds("update it with null")

	prompt := "Do it. [mock:pull-request] [mock:issue] [mock:branch]"
	asked := create("csk_live_scenario", slug, "acme/storefront", prompt)
	started := read(asked, asked.JSON201, http.StatusCreated)
	assert(started.Status == cospec.RunCreatedStatusPending, "the run is %s", started.Status)
	holds("start a run")

	run := getRun(client, started.Id)
	active := func() bool {
		return run.Status == cospec.RunStatusPending || run.Status == cospec.RunStatusRunning
	}
	for polls := 0; polls < 60 && active(); polls++ {
		advance(60)
		run = getRun(client, started.Id)
	}
	assert(run.Status == cospec.RunStatusCompleted, "the run is %s", run.Status)
	assert(run.FailReason.IsNull() || !run.FailReason.IsSpecified(), "it did not fail")
	assert(run.Guardrails.MaxTurns == 40, "the guardrails are the template's")
	holds("poll it to the end")

	found := map[string]bool{}
	for _, kind := range kinds(run.Outputs) {
		found[kind] = true
	}
	assert(len(found) == 4 && !found["unknown"], "each kind is there: %v", found)
	holds("read outputs of every kind")

	slow := create("csk_live_scenario", slug, "acme/storefront", "Go.").JSON201
	stopped := must(client.CancelRunWithResponse(ctx, slow.Id))
	cancelled := read(stopped, stopped.JSON200, http.StatusOK)
	assert(!cancelled.CancelRequestedAt.MustGet().Before(cancelled.CreatedAt), "it was asked to stop after its start")
	advance(60)
	late := must(client.CancelRunWithResponse(ctx, slow.Id))
	conflict := read(late, late.ApplicationproblemJSON409, http.StatusConflict)
	assert(conflict.Type == "CONFLICT", "the code is %s", conflict.Type)
	holds("cancel a run")

	full := withKey("csk_live_full_scenario")
	seen := map[string]bool{}
	total, pages := 0, 1
	for page := 1; page <= pages; page++ {
		response := must(full.ListRunsWithResponse(ctx, &cospec.ListRunsParams{Page: ptr(page), Limit: ptr(4)}))
		listed := read(response, response.JSON200, http.StatusOK)
		assert(listed.Pagination.Page == page && listed.Meta.ActiveCount == 10, "page %d is told", page)
		for _, summary := range listed.Data {
			seen[summary.Id] = true
		}
		total, pages = listed.Pagination.Total, listed.Pagination.TotalPages
	}
	assert(pages > 1 && len(seen) == total, "%d of %d runs on %d pages", len(seen), total, pages)
	holds("page through a list")

	wrong := cospec.TemplateCreate{Slug: "Not A Slug", BaseImage: cospec.BaseImageNode22}
	refused := must(client.CreateTemplateWithResponse(ctx, wrong))
	invalid := read(refused, refused.ApplicationproblemJSON400, http.StatusBadRequest)
	fields := map[string]bool{}
	for _, field := range invalid.Errors.MustGet() {
		assert(field.Code != "" && field.Message != "", "code and message of %s", field.Field)
		fields[field.Field] = true
	}
	assert(len(fields) == 2 && fields["slug"] && fields["name"], "the fields are told: %v", fields)
	problem(invalid.Type, invalid.Status, invalid.Title, "VALIDATION_FAILED", 400)

	unknown := create("csk_live_scenario", "missing", "acme/storefront", "Go.").ApplicationproblemJSON400
	problem(unknown.Type, unknown.Status, unknown.Title, "RUN_TEMPLATE_NOT_FOUND", 400)
	revoked := must(withKey("csk_live_revoked_scenario").GetCurrentApiKeyWithResponse(ctx)).ApplicationproblemJSON401
	problem(revoked.Type, revoked.Status, revoked.Title, "API_KEY_INVALID", 401)
	poor := create("csk_live_no_credits_scenario", "node-default", "acme/storefront", "Go.").ApplicationproblemJSON402
	problem(poor.Type, poor.Status, poor.Title, "USAGE_INSUFFICIENT_CREDITS", 402)
	mine := cospec.TemplateUpdate{Name: ptr("Mine")}
	system := must(client.UpdateTemplateWithResponse(ctx, "node-default", mine)).ApplicationproblemJSON403
	problem(system.Type, system.Status, system.Title, "TEMPLATE_SYSTEM_READONLY", 403)
	missing := must(client.GetTemplateWithResponse(ctx, "missing")).ApplicationproblemJSON404
	problem(missing.Type, missing.Status, missing.Title, "TEMPLATE_NOT_FOUND", 404)
	again := must(client.CreateTemplateWithResponse(ctx, wanted)).ApplicationproblemJSON409
	problem(again.Type, again.Status, again.Title, "TEMPLATE_SLUG_EXISTS", 409)
	answered := must(withKey("csk_live_rate_limited_scenario").GetCurrentApiKeyWithResponse(ctx))
	limited := answered.ApplicationproblemJSON429
	problem(limited.Type, limited.Status, limited.Title, "RATE_LIMIT_EXCEEDED", 429)
	failed := must(withKey("csk_live_internal_error_scenario").GetCurrentApiKeyWithResponse(ctx))
	internal := failed.ApplicationproblemJSON500
	problem(internal.Type, internal.Status, internal.Title, "INTERNAL_ERROR", 500)
	broken := create("csk_live_scenario", slug, "mock/orchestrator-error", "Go.").ApplicationproblemJSON502
	problem(broken.Type, broken.Status, broken.Title, "RUN_ORCHESTRATOR_ERROR", 502)
	away := create("csk_live_scenario", slug, "mock/unavailable", "Go.").ApplicationproblemJSON503
	problem(away.Type, away.Status, away.Title, "SANDBOX_UNAVAILABLE", 503)

	header := func(name string) int { return must(strconv.Atoi(answered.HTTPResponse.Header.Get(name))) }
	assert(header("Retry-After") >= 0 && header("Retry-After") <= 60, "Retry-After is %d", header("Retry-After"))
	assert(header("X-RateLimit-Limit") == 200, "the limit is %d", header("X-RateLimit-Limit"))
	assert(header("X-RateLimit-Remaining") == 0, "%d remain", header("X-RateLimit-Remaining"))
	assert(header("X-RateLimit-Reset") > 1_000_000_000, "the window ends at %d", header("X-RateLimit-Reset"))
	holds("wait as a refused request says")

	deleted := must(client.DeleteTemplateWithResponse(ctx, slug))
	assert(deleted.StatusCode() == http.StatusNoContent, "deleting is answered %d", deleted.StatusCode())
	gone := must(client.GetTemplateWithResponse(ctx, slug))
	assert(gone.ApplicationproblemJSON404 != nil, "it is gone")
	holds("delete")

	strangeClient := withKeyAt("csk_live_scenario", ahead)
	strange := getRun(strangeClient, "run_later")
	assert(strange.Status == "paused" && !strange.Status.Valid(), "the status is %s", strange.Status)
	assert(strange.Model == "later-model", "the model is %s", strange.Model)
	assert(strange.Usage.MustGet().TotalCostUsd == 0.9195, "a cost keeps its digits")
	assert(strings.Join(kinds(strange.Outputs), " ") == "text pr issue branch unknown", "all outputs are read")
	archived := must(strangeClient.GetTemplateWithResponse(ctx, "archived"))
	hidden := read(archived, archived.ApplicationproblemJSON404, http.StatusNotFound)
	assert(hidden.Type == "TEMPLATE_ARCHIVED", "the code is %s", hidden.Type)
	holds("unknown members, values and kinds")
}
