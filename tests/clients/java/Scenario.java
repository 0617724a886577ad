// The scenario of every client, in Java. Started by `make test-clients`.

import io.cospec.client.ApiClient;
import io.cospec.client.ApiException;
import io.cospec.client.ApiResponse;
import io.cospec.client.Cospec;
import io.cospec.client.api.ApiKeysApi;
import io.cospec.client.api.RunsApi;
import io.cospec.client.api.TemplatesApi;
import io.cospec.client.model.*;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

public class Scenario {

  static final String URL = System.getenv("COSPEC_URL");
  static final String LATER_URL = System.getenv("COSPEC_LATER_URL");
  static final String SLUG = "client-scenario";

  interface Call {
    Object make() throws ApiException;
  }

  static void check(boolean holds, String told) {
    if (!holds) {
      throw new AssertionError("not so: " + told);
    }
  }

  static void same(Object found, Object expected) {
    check(expected.equals(found), found + " is " + expected);
  }

  static void holds(String step) {
    System.out.println("holds: " + step);
  }

  static ApiClient withKey(String key, String url) {
    ApiClient client = Cospec.withKey(key);
    client.updateBaseUri(url);
    return client;
  }

  static ApiClient withKey(String key) {
    return withKey(key, URL);
  }

  /** The failure of a call, whose problem has this status and, as every problem of its family, this code. */
  static ApiException failure(Call call, int status, String code) throws Exception {
    try {
      call.make();
    } catch (ApiException exception) {
      Problem problem = Cospec.problemOf(exception);
      same(exception.getCode(), status);
      same(problem.getStatus(), status);
      same(problem.getType(), code);
      check(!problem.getTitle().isEmpty(), "the problem has a title");
      return exception;
    }
    throw new AssertionError("not so: the call fails with " + code);
  }

  static void advance(int seconds) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(URL + "/_control/clock"))
            .POST(HttpRequest.BodyPublishers.ofString("{\"advanceSeconds\": " + seconds + "}"))
            .build();
    same(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode(), 200);
  }

  static RunCreated create(String key, String template, String repo, String prompt) throws ApiException {
    RunCreate wanted = new RunCreate().repo(repo).prompt(prompt).template(template);
    return new RunsApi(withKey(key)).createRun(wanted);
  }

  static boolean isActive(Run run) {
    return run.getStatus() == RunStatus.PENDING || run.getStatus() == RunStatus.RUNNING;
  }

  /** Reads each output by its own members; tells the kinds that the client knew. */
  static List<String> kinds(List<RunOutput> outputs) {
    List<String> found = new ArrayList<>();
    for (RunOutput output : outputs) {
      if (output instanceof TextOutput) {
        check(!((TextOutput) output).getContent().isEmpty(), "a text has content");
        found.add("text");
      } else if (output instanceof PullRequestOutput) {
        PullRequestOutput pull = (PullRequestOutput) output;
        check(pull.getNumber() >= 1 && pull.getUrl().getScheme().equals("https"), "a pull request has number and URL");
        found.add("pr");
      } else if (output instanceof IssueOutput) {
        check(!((IssueOutput) output).getTitle().isEmpty(), "an issue has a title");
        found.add("issue");
      } else if (output instanceof BranchOutput) {
        check(!((BranchOutput) output).getName().isEmpty(), "a branch has a name");
        found.add("branch");
      } else {
        found.add("unknown " + output.getType());
      }
    }
    return found;
  }

  static long header(ApiException exception, String name) {
    return exception.getResponseHeaders().firstValueAsLong(name).getAsLong();
  }

  public static void main(String[] arguments) throws Exception {
    String own = "csk_live_scenario";
    ApiClient client = withKey(own);
    RunsApi runs = new RunsApi(client);
    TemplatesApi templates = new TemplatesApi(client);

    ApiKey key = new ApiKeysApi(client).getCurrentApiKey();
    check(key.getKeyPrefix().startsWith("csk_live_") && !key.getOrganizationId().isEmpty(), "the key is told");
    holds("who am I");

    TemplateCreate wanted =
        new TemplateCreate()
            .slug(SLUG)
            .name("Scenario")
            .baseImage(BaseImage.PYTHON_3_12)
            .description("To be cleared.")
            .guardrails(new TemplateGuardrails().maxTurns(40).maxCostUsd(new BigDecimal("2.5")));
    Template template = templates.createTemplate(wanted).getTemplate();
    same(template.getSlug(), SLUG);
    same(template.getDescription(), "To be cleared.");
    same(template.getGuardrails().getMaxTurns(), 40);
    same(template.getGuardrails().getMaxCostUsd().doubleValue(), 2.5);
    same(template.getIsSystem(), false);
    holds("create a template");

    template = templates.updateTemplate(SLUG, new TemplateUpdate().name("Renamed")).getTemplate();
    same(template.getDescription(), "To be cleared.");
    template = templates.updateTemplate(SLUG, new TemplateUpdate().description(null)).getTemplate();
    check(template.getDescription() == null, "null clears");
    check(template.getDescription_JsonNullable().isPresent(), "null is told, not left out");
    same(template.getName(), "Renamed");
    holds("update it with null");

    String prompt = "Do it. [mock:pull-request] [mock:issue] [mock:branch]";
    RunCreated started = create(own, SLUG, "acme/storefront", prompt);
    same(started.getStatus(), RunCreated.StatusEnum.PENDING);
    holds("start a run");

    Run run = runs.getRun(started.getId());
    for (int polls = 0; polls < 60 && isActive(run); polls++) {
      advance(60);
      run = runs.getRun(started.getId());
    }
    same(run.getStatus(), RunStatus.COMPLETED);
    check(run.getFailReason() == null, "it did not fail");
    same(run.getGuardrails().getMaxTurns(), 40);
    holds("poll it to the end");

    same(new HashSet<>(kinds(run.getOutputs())), Set.of("text", "pr", "issue", "branch"));
    holds("read outputs of every kind");

    RunCreated slow = create(own, SLUG, "acme/storefront", "Go.");
    Run stopped = runs.cancelRun(slow.getId());
    check(!stopped.getCancelRequestedAt().isBefore(stopped.getCreatedAt()), "it was asked to stop after its start");
    advance(60);
    failure(() -> runs.cancelRun(slow.getId()), 409, "CONFLICT");
    holds("cancel a run");

    RunsApi full = new RunsApi(withKey("csk_live_full_scenario"));
    Set<String> seen = new HashSet<>();
    int total = 0;
    int pages = 1;
    for (int page = 1; page <= pages; page++) {
      RunPage listed = full.listRuns(page, 4, null, null, null, null, null, null, null);
      same(listed.getPagination().getPage(), page);
      same(listed.getMeta().getActiveCount(), 10);
      listed.getData().forEach(summary -> seen.add(summary.getId()));
      total = listed.getPagination().getTotal();
      pages = listed.getPagination().getTotalPages();
    }
    check(pages > 1, "there are several pages");
    same(seen.size(), total);
    holds("page through a list");

    TemplateCreate wrong = new TemplateCreate().slug("Not A Slug").name("").baseImage(BaseImage.NODE_22);
    ApiException refused = failure(() -> templates.createTemplate(wrong), 400, "VALIDATION_FAILED");
    InvalidRequestProblem invalid = Cospec.problemOf(refused, InvalidRequestProblem.class);
    same(invalid.getType(), InvalidRequestProblem.TypeEnum.VALIDATION_FAILED);
    Set<String> fields = new HashSet<>();
    for (FieldError error : invalid.getErrors()) {
      check(!error.getCode().isEmpty() && !error.getMessage().isEmpty(), "code and message of " + error.getField());
      fields.add(error.getField());
    }
    same(fields, Set.of("slug", "name"));
    holds("problem VALIDATION_FAILED");

    String missing = "missing";
    failure(() -> create(own, missing, "acme/storefront", "Go."), 400, "RUN_TEMPLATE_NOT_FOUND");
    holds("problem RUN_TEMPLATE_NOT_FOUND");
    ApiKeysApi revoked = new ApiKeysApi(withKey("csk_live_revoked_scenario"));
    failure(revoked::getCurrentApiKey, 401, "API_KEY_INVALID");
    holds("problem API_KEY_INVALID");
    String poor = "csk_live_no_credits_scenario";
    failure(() -> create(poor, "node-default", "acme/storefront", "Go."), 402, "USAGE_INSUFFICIENT_CREDITS");
    holds("problem USAGE_INSUFFICIENT_CREDITS");
    TemplateUpdate mine = new TemplateUpdate().name("Mine");
    failure(() -> templates.updateTemplate("node-default", mine), 403, "TEMPLATE_SYSTEM_READONLY");
    holds("problem TEMPLATE_SYSTEM_READONLY");
    failure(() -> templates.getTemplate(missing), 404, "TEMPLATE_NOT_FOUND");
    holds("problem TEMPLATE_NOT_FOUND");
    failure(() -> templates.createTemplate(wanted), 409, "TEMPLATE_SLUG_EXISTS");
    holds("problem TEMPLATE_SLUG_EXISTS");
    ApiKeysApi limitedKey = new ApiKeysApi(withKey("csk_live_rate_limited_scenario"));
    ApiException limited = failure(limitedKey::getCurrentApiKey, 429, "RATE_LIMIT_EXCEEDED");
    same(
        Cospec.problemOf(limited, TooManyRequestsProblem.class).getType(),
        TooManyRequestsProblem.TypeEnum.RATE_LIMIT_EXCEEDED);
    holds("problem RATE_LIMIT_EXCEEDED");
    ApiKeysApi failing = new ApiKeysApi(withKey("csk_live_internal_error_scenario"));
    failure(failing::getCurrentApiKey, 500, "INTERNAL_ERROR");
    holds("problem INTERNAL_ERROR");
    failure(() -> create(own, SLUG, "mock/orchestrator-error", "Go."), 502, "RUN_ORCHESTRATOR_ERROR");
    holds("problem RUN_ORCHESTRATOR_ERROR");
    failure(() -> create(own, SLUG, "mock/unavailable", "Go."), 503, "SANDBOX_UNAVAILABLE");
    holds("problem SANDBOX_UNAVAILABLE");

    check(header(limited, "Retry-After") >= 0 && header(limited, "Retry-After") <= 60, "Retry-After is told");
    same(header(limited, "X-RateLimit-Limit"), 200L);
    same(header(limited, "X-RateLimit-Remaining"), 0L);
    check(header(limited, "X-RateLimit-Reset") > 1_000_000_000L, "the window's end is told");
    holds("wait as a refused request says");

    ApiResponse<Void> deleted = templates.deleteTemplateWithHttpInfo(SLUG);
    same(deleted.getStatusCode(), 204);
    check(deleted.getHeaders().keySet().stream().anyMatch("x-ratelimit-limit"::equalsIgnoreCase), "headers are told");
    failure(() -> templates.getTemplate(SLUG), 404, "TEMPLATE_NOT_FOUND");
    holds("delete");

    ApiClient later = withKey(own, LATER_URL);
    Run strange = new RunsApi(later).getRun("run_later");
    same(strange.getStatus(), RunStatus.UNKNOWN_DEFAULT_OPEN_API);
    same(strange.getModel(), Model.UNKNOWN_DEFAULT_OPEN_API);
    same(strange.getUsage().getTotalCostUsd(), new BigDecimal("0.9195"));
    same(kinds(strange.getOutputs()), List.of("text", "pr", "issue", "branch", "unknown later-kind"));
    ApiException archived =
        failure(() -> new TemplatesApi(later).getTemplate("archived"), 404, "TEMPLATE_ARCHIVED");
    same(
        Cospec.problemOf(archived, TemplateNotFoundProblem.class).getType(),
        TemplateNotFoundProblem.TypeEnum.UNKNOWN_DEFAULT_OPEN_API);
    holds("unknown members, values and kinds");
  }
}
