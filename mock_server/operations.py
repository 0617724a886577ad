"""Which function answers which operation?"""

from __future__ import annotations

from collections.abc import Mapping

from mock_server import api_keys, repositories, runs, templates, usage, webhooks
from mock_server.calls import Handler

HANDLERS: Mapping[str, Handler] = {
    "createRun": runs.create_run,
    "listRuns": runs.list_runs,
    "getRun": runs.get_run,
    "listRunLogs": runs.list_run_logs,
    "cancelRun": runs.cancel_run,
    "createTemplate": templates.create_template,
    "listTemplates": templates.list_templates,
    "getTemplate": templates.get_template,
    "updateTemplate": templates.update_template,
    "deleteTemplate": templates.delete_template,
    "createWebhook": webhooks.create_webhook,
    "listWebhooks": webhooks.list_webhooks,
    "deleteWebhook": webhooks.delete_webhook,
    "getCredits": usage.get_credits,
    "getUsage": usage.get_usage,
    "listUsageLogs": usage.list_usage_logs,
    "getCurrentApiKey": api_keys.get_current_api_key,
    "listRepositories": repositories.list_repositories,
}
"""By operationId, one for each operation of the document."""
