//! The scenario of every client, in Rust. Started by `make test-clients`.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Debug;

use cospec_client::apis::api_keys_api::{get_current_api_key, GetCurrentApiKeyError};
use cospec_client::apis::configuration::Configuration;
use cospec_client::apis::runs_api::{cancel_run, create_run, get_run, list_runs, CreateRunError};
use cospec_client::apis::templates_api::{
    create_template, delete_template, get_template, update_template, CreateTemplateError, GetTemplateError,
    UpdateTemplateError,
};
use cospec_client::apis::{Error, ResponseContent};
use cospec_client::models::{
    self, BaseImage, RunCreate, RunOutput, RunStatus, TemplateCreate, TemplateGuardrails, TemplateUpdate,
};

const SLUG: &str = "client-scenario";
const OWN: &str = "csk_live_scenario";

fn with_key_at(key: &str, url: &str) -> Configuration {
    Configuration {
        base_path: url.to_owned(),
        bearer_access_token: Some(key.to_owned()),
        ..Configuration::default()
    }
}

fn with_key(key: &str) -> Configuration {
    with_key_at(key, &env::var("COSPEC_URL").unwrap())
}

fn holds(step: &str) {
    println!("holds: {step}");
}

/// The answer to a refused request, which has this status and a problem with this code.
fn refused<T: Debug, E: Debug>(result: Result<T, Error<E>>, status: u16, code: &str) -> ResponseContent<E> {
    let Err(Error::ResponseError(answer)) = result else {
        panic!("not refused: {result:?}");
    };
    assert_eq!(answer.status.as_u16(), status, "{}", answer.content);
    let problem: models::Problem = serde_json::from_str(&answer.content).unwrap();
    assert_eq!(problem.r#type, code);
    assert_eq!(problem.status, i32::from(status));
    assert!(!problem.title.is_empty());
    answer
}

async fn advance(seconds: u32) {
    let answer = reqwest::Client::new()
        .post(format!("{}/_control/clock", env::var("COSPEC_URL").unwrap()))
        .json(&serde_json::json!({ "advanceSeconds": seconds }))
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success());
}

async fn create(key: &str, template: &str, repo: &str) -> Result<models::RunCreated, Error<CreateRunError>> {
    create_run(&with_key(key), RunCreate::new(repo.to_owned(), "Go.".to_owned(), template.to_owned())).await
}

/// Reads each output by its own members; tells the kinds that the client knew.
fn kinds(outputs: &[RunOutput]) -> Vec<String> {
    outputs
        .iter()
        .map(|output| match output {
            RunOutput::TextOutput(text) => {
                assert!(!text.content.is_empty());
                "text".to_owned()
            }
            RunOutput::PullRequestOutput(pull) => {
                assert!(pull.number >= 1 && pull.url.starts_with("https://"));
                "pr".to_owned()
            }
            RunOutput::IssueOutput(issue) => {
                assert!(!issue.title.is_empty());
                "issue".to_owned()
            }
            RunOutput::BranchOutput(branch) => {
                assert!(!branch.name.is_empty());
                "branch".to_owned()
            }
            RunOutput::UnknownRunOutput(unknown) => format!("unknown {}", unknown.r#type),
        })
        .collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let client = with_key(OWN);

    let key = get_current_api_key(&client).await.unwrap();
    assert!(key.key_prefix.starts_with("csk_live_") && !key.organization_id.is_empty());
    holds("who am I");

    let mut wanted = TemplateCreate::new(SLUG.to_owned(), "Scenario".to_owned(), BaseImage::Python312);
    wanted.description = Some("To be cleared.".to_owned());
    wanted.guardrails = Some(Box::new(TemplateGuardrails {
        max_turns: Some(40),
        max_cost_usd: Some(2.5),
        timeout_minutes: None,
    }));
    let template = create_template(&client, wanted.clone()).await.unwrap().template;
    assert_eq!(template.slug, SLUG);
    assert_eq!(template.description, Some(Some("To be cleared.".to_owned())));
    assert_eq!(template.guardrails.max_turns, Some(Some(40)));
    assert_eq!(template.guardrails.max_cost_usd, Some(Some(2.5)));
    assert!(!template.is_system);
    holds("create a template");

    let renamed = TemplateUpdate { name: Some("Renamed".to_owned()), ..TemplateUpdate::default() };
    let template = update_template(&client, SLUG, renamed).await.unwrap().template;
    assert_eq!(template.description, Some(Some("To be cleared.".to_owned())));
    let cleared = TemplateUpdate { description: Some(None), ..TemplateUpdate::default() };
    let template = update_template(&client, SLUG, cleared).await.unwrap().template;
    assert_eq!(template.description, Some(None));
    assert_eq!(template.name, "Renamed");
    holds("update it with null");

    let prompt = "Do it. [mock:pull-request] [mock:issue] [mock:branch]";
    let asked = RunCreate::new("acme/storefront".to_owned(), prompt.to_owned(), SLUG.to_owned());
    let started = create_run(&client, asked).await.unwrap();
    assert_eq!(started.status, models::run_created::Status::Pending);
    holds("start a run");

    let mut run = get_run(&client, &started.id).await.unwrap();
    for _ in 0..60 {
        if !matches!(run.status, RunStatus::Pending | RunStatus::Running) {
            break;
        }
        advance(60).await;
        run = get_run(&client, &started.id).await.unwrap();
    }
    assert_eq!(run.status, RunStatus::Completed);
    assert!(run.fail_reason.flatten().is_none());
    assert_eq!(run.guardrails.max_turns, 40);
    holds("poll it to the end");

    let found: BTreeSet<String> = kinds(&run.outputs).into_iter().collect();
    assert_eq!(found, BTreeSet::from(["branch", "issue", "pr", "text"].map(str::to_owned)));
    holds("read outputs of every kind");

    let slow = create(OWN, SLUG, "acme/storefront").await.unwrap();
    let stopped = cancel_run(&client, &slow.id).await.unwrap();
    assert!(stopped.cancel_requested_at.flatten().unwrap() >= stopped.created_at);
    advance(60).await;
    refused(cancel_run(&client, &slow.id).await, 409, "CONFLICT");
    holds("cancel a run");

    let full = with_key("csk_live_full_scenario");
    let mut seen = BTreeSet::new();
    let (mut page, mut pages, mut total) = (1, 1, 0);
    while page <= pages {
        let listed = list_runs(&full, Some(page), Some(4), None, None, None, None, None, None, None).await.unwrap();
        assert_eq!(listed.pagination.page, page);
        assert_eq!(listed.meta.active_count, 10);
        seen.extend(listed.data.into_iter().map(|summary| summary.id));
        (pages, total) = (listed.pagination.total_pages, listed.pagination.total);
        page += 1;
    }
    assert!(pages > 1);
    assert_eq!(seen.len(), usize::try_from(total).unwrap());
    holds("page through a list");

    let wrong = TemplateCreate::new("Not A Slug".to_owned(), String::new(), BaseImage::Node22);
    let answer = refused(create_template(&client, wrong).await, 400, "VALIDATION_FAILED");
    let Some(CreateTemplateError::Status400(problem)) = answer.entity else { panic!("{}", answer.content) };
    assert_eq!(problem.r#type, models::invalid_request_problem::Type::ValidationFailed);
    let errors = problem.errors.flatten().unwrap();
    assert!(errors.iter().all(|error| !error.code.is_empty() && !error.message.is_empty()));
    let fields: BTreeSet<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, BTreeSet::from(["name", "slug"]));
    holds("problem VALIDATION_FAILED");

    let answer = refused(create(OWN, "missing", "acme/storefront").await, 400, "RUN_TEMPLATE_NOT_FOUND");
    assert!(matches!(answer.entity, Some(CreateRunError::Status400(_))));
    holds("problem RUN_TEMPLATE_NOT_FOUND");
    let answer = refused(get_current_api_key(&with_key("csk_live_revoked_scenario")).await, 401, "API_KEY_INVALID");
    assert!(matches!(answer.entity, Some(GetCurrentApiKeyError::Status401(_))));
    holds("problem API_KEY_INVALID");
    let poor = create("csk_live_no_credits_scenario", "node-default", "acme/storefront").await;
    let answer = refused(poor, 402, "USAGE_INSUFFICIENT_CREDITS");
    assert!(matches!(answer.entity, Some(CreateRunError::Status402(_))));
    holds("problem USAGE_INSUFFICIENT_CREDITS");
    let mine = TemplateUpdate { name: Some("Mine".to_owned()), ..TemplateUpdate::default() };
    let answer = refused(update_template(&client, "node-default", mine).await, 403, "TEMPLATE_SYSTEM_READONLY");
    assert!(matches!(answer.entity, Some(UpdateTemplateError::Status403(_))));
    holds("problem TEMPLATE_SYSTEM_READONLY");
    let answer = refused(get_template(&client, "missing").await, 404, "TEMPLATE_NOT_FOUND");
    assert!(matches!(answer.entity, Some(GetTemplateError::Status404(_))));
    holds("problem TEMPLATE_NOT_FOUND");
    let answer = refused(create_template(&client, wanted).await, 409, "TEMPLATE_SLUG_EXISTS");
    assert!(matches!(answer.entity, Some(CreateTemplateError::Status409(_))));
    holds("problem TEMPLATE_SLUG_EXISTS");
    let limited = with_key("csk_live_rate_limited_scenario");
    let limited = refused(get_current_api_key(&limited).await, 429, "RATE_LIMIT_EXCEEDED");
    assert!(matches!(limited.entity, Some(GetCurrentApiKeyError::Status429(_))));
    holds("problem RATE_LIMIT_EXCEEDED");
    let failing = with_key("csk_live_internal_error_scenario");
    let answer = refused(get_current_api_key(&failing).await, 500, "INTERNAL_ERROR");
    assert!(matches!(answer.entity, Some(GetCurrentApiKeyError::Status500(_))));
    holds("problem INTERNAL_ERROR");
    let answer = refused(create(OWN, SLUG, "mock/orchestrator-error").await, 502, "RUN_ORCHESTRATOR_ERROR");
    assert!(matches!(answer.entity, Some(CreateRunError::Status502(_))));
    holds("problem RUN_ORCHESTRATOR_ERROR");
    let answer = refused(create(OWN, SLUG, "mock/unavailable").await, 503, "SANDBOX_UNAVAILABLE");
    assert!(matches!(answer.entity, Some(CreateRunError::Status503(_))));
    holds("problem SANDBOX_UNAVAILABLE");

    let header = |name: &str| limited.headers[name].to_str().unwrap().parse::<u64>().unwrap();
    assert!(header("Retry-After") <= 60);
    assert_eq!(header("X-RateLimit-Limit"), 200);
    assert_eq!(header("X-RateLimit-Remaining"), 0);
    assert!(header("X-RateLimit-Reset") > 1_000_000_000);
    holds("wait as a refused request says");

    delete_template(&client, SLUG).await.unwrap();
    refused(get_template(&client, SLUG).await, 404, "TEMPLATE_NOT_FOUND");
    holds("delete");

    let later = with_key_at(OWN, &env::var("COSPEC_LATER_URL").unwrap());
    let strange = get_run(&later, "run_later").await.unwrap();
    assert_eq!(strange.status, RunStatus::Unknown);
    assert_eq!(strange.model, models::Model::Unknown);
    assert_eq!(strange.usage.flatten().unwrap().total_cost_usd, 0.9195);
    assert_eq!(kinds(&strange.outputs), ["text", "pr", "issue", "branch", "unknown later-kind"]);
    let answer = refused(get_template(&later, "archived").await, 404, "TEMPLATE_ARCHIVED");
    let Some(GetTemplateError::UnknownValue(problem)) = answer.entity else { panic!("{}", answer.content) };
    assert_eq!(problem["laterMember"], serde_json::json!([]));
    holds("unknown members, values and kinds");
}
