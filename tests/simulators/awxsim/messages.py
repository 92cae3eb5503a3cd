# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notifications: what their configuration must hold, and whether their messages can be rendered."""

import datetime

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, sandbox
from jinja2.exceptions import SecurityError

from .errors import BadValue, Invalid
from .kinds import OPTIONS

_POST = OPTIONS["notification_templates"]["actions"]["POST"]
# In the order in which what is missing is told.
ORDER = {
    "email": "host port username password use_tls use_ssl sender recipients timeout", "slack": "token channels",
    "twilio": "account_sid account_token from_number to_numbers", "pagerduty": "subdomain token service_key client_name",
    "grafana": "grafana_url grafana_key", "mattermost": "mattermost_url mattermost_no_verify_ssl",
    "webhook": "url http_method disable_ssl_verification username password headers",
    "rocketchat": "rocketchat_url rocketchat_no_verify_ssl", "irc": "server port nickname password use_ssl targets",
    "awssns": "aws_region aws_access_key_id aws_secret_access_key aws_session_token sns_topic_arn"}
PARAMETERS = {kind: {name: _POST["notification_configuration"][kind][name] for name in names.split()}
              for kind, names in ORDER.items()}
TYPES = {"string": str, "int": int, "bool": bool, "list": list, "password": str, "object": dict}
EVENTS = ("started", "success", "error", "workflow_approval")
APPROVALS = ("running", "approved", "timed_out", "denied")
HIDDEN = "$encrypted$"
_TIME = datetime.datetime(2018, 11, 13, 6, 4, tzinfo=datetime.timezone.utc)

# What a message is tried with when it is saved. What it is given when it is sent may have less, and then nothing is sent.
EXAMPLE = {
    "job": dict(
        {key: "" for key in ("job_tags", "scm_branch", "scm_revision", "skip_tags", "start_at_task")},
        allow_simultaneous=False, artifacts={}, controller_node="foo_controller", created=_TIME, custom_virtualenv="my_venv",
        description="Sample job description", diff_mode=False, elapsed=0.403018, execution_node="awx", failed=False,
        finished=False, force_handlers=False, forks=0,
        host_status_counts={"skipped": 1, "ok": 5, "changed": 3, "failures": 0, "dark": 0, "failed": False, "processed": 0,
                            "rescued": 0},
        id=42, job_explanation="Sample job explanation", job_slice_count=1, job_slice_number=0, job_type="run",
        launch_type="workflow", limit="bar_limit", modified=_TIME, name="Stub JobTemplate", playbook="ping.yml",
        started="2019-07-29T17:38:14.137461Z", status="running", timeout=0, type="job", url="/api/v2/jobs/13/",
        use_fact_cache=False, verbosity=0,
        summary_fields={
            "created_by": {"first_name": "", "id": 1, "last_name": "", "username": "admin"},
            "instance_group": {"id": 1, "name": "tower"},
            "inventory": {"description": "Sample inventory description", "has_active_failures": False,
                          "has_inventory_sources": False, "hosts_with_active_failures": 0, "id": 17,
                          "inventory_sources_with_failures": 0, "kind": "", "name": "Stub Inventory", "organization_id": 121,
                          "total_groups": 0, "total_hosts": 1, "total_inventory_sources": 0},
            "job_template": {"description": "Sample job template description", "id": 39, "name": "Stub JobTemplate"},
            "labels": {"count": 0, "results": []},
            "project": {"description": "Sample project description", "id": 38, "name": "Stub project", "scm_type": "git",
                        "status": "successful"},
            "schedule": {"description": "Sample schedule", "id": 42, "name": "Stub schedule", "next_run": _TIME},
            "unified_job_template": {"description": "Sample unified job template description", "id": 39,
                                     "name": "Stub Job Template", "unified_job_type": "job"}}),
    "job_friendly_name": "Job", "url": "https://platformhost/#/jobs/playbook/1010", "approval_status": "approved",
    "approval_node_name": "Approve Me", "workflow_url": "https://platformhost/#/jobs/workflow/1010",
    "job_metadata": "{'url': 'https://platformhost/$/jobs/playbook/13', 'status': 'running', 'id': 42}"}


class _Named(StrictUndefined):
    """Fails with the bare name of what is undefined, even where only its text is asked for."""

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self._undefined_hint = self._undefined_name

    __repr__ = __str__ = StrictUndefined._fail_with_undefined_error


def _try(text):
    sandbox.ImmutableSandboxedEnvironment(undefined=_Named).from_string(text).render(EXAMPLE)


def checked_messages(messages, notification_type):
    """The messages themselves, or BadValue with all that is wrong."""
    if messages is None:
        return None
    if not isinstance(messages, dict):
        raise BadValue("Expected dict for 'messages' field, found %s" % type(messages))
    found, texts = [], []
    for event, of_event in messages.items():
        if event not in EVENTS:
            found.append("Event '%s' invalid, must be one of 'started', 'success', 'error', or 'workflow_approval'" % event)
        elif of_event is None:
            continue
        elif not isinstance(of_event, dict):
            found.append("Expected dict for event '%s', found %s" % (event, type(of_event)))
        elif event == "workflow_approval":
            for approval, of_approval in of_event.items():
                if approval not in APPROVALS:
                    found.append("Workflow Approval event '%s' invalid, must be one of 'running', 'approved', 'timed_out', "
                                 "or 'denied'" % approval)
                elif of_approval is not None and not isinstance(of_approval, dict):
                    found.append("Expected dict for workflow approval event '%s', found %s" % (approval, type(of_approval)))
                elif of_approval is not None:
                    _collect(event, of_approval, found, texts)
        else:
            _collect(event, of_event, found, texts)
    for text in texts:
        try:
            _try(text)
        except TemplateSyntaxError as error:
            found.append("Unable to render message '%s': %s" % (text, error.message))
        except UndefinedError as error:
            found.append("Field '%s' unavailable" % error.message)
        except SecurityError as error:
            found.append("Security error due to field '%s'" % error.message)
    for event, of_event in messages.items() if notification_type == "webhook" else ():
        body = of_event.get("body") if isinstance(of_event, dict) else None
        if body:
            try:
                _try(body)
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is told
                found.append("Webhook body for '%s' is not valid. The following gave an error (%s)." % (event, error))
    if found:
        raise BadValue(*found)
    return messages


def _collect(event, messages, found, texts):
    for kind, text in messages.items():
        if kind not in ("message", "body"):
            found.append("Message type '%s' invalid, must be either 'message' or 'body'" % kind)
        elif text is None:
            continue
        elif not isinstance(text, str):
            found.append("Expected string for '%s', found %s, " % (kind, type(text)))
        elif kind == "message" and "\n" in text:
            found.append("Messages cannot contain newlines (found newline in %s event)" % event)
        else:
            texts.append(text)


def checked_configuration(notification_type, given, old):
    """The configuration, completed; $encrypted$ stands for what is there."""
    configuration = dict(given) if isinstance(given, dict) else {}
    missing, mistyped, found = [], [], []
    for name, parameter in PARAMETERS[notification_type].items():
        if name not in configuration:
            if "default" not in parameter:
                missing.append(name)
                continue
            configuration[name] = parameter["default"]
        value = configuration[name]
        wanted = TYPES[parameter["type"]]
        # To Python a bool is an int, to AWX it is none.
        if not isinstance(value, wanted) or isinstance(value, bool) is not (wanted is bool):
            mistyped.append((name, parameter["type"]))
        elif parameter["type"] == "list" and not value:
            found.append("No values specified for field '%s'" % name)
        elif parameter["type"] == "password" and value == HIDDEN and old:
            configuration[name] = old.get(name, "")
        elif name == "http_method" and str(value).lower() not in ("put", "post"):
            found.append("HTTP method must be either 'POST' or 'PUT'.")
    if missing:
        found.append("Missing required fields for Notification Configuration: %s." % missing)
    found += ["Configuration field '%s' incorrect type, expected %s." % one for one in mistyped]
    if found:
        raise Invalid({"__all__": found})
    return configuration


def shown(configuration, notification_type):
    hidden = [name for name, one in PARAMETERS[notification_type].items() if one["type"] == "password"]
    return {key: HIDDEN if key in hidden and value else value for key, value in configuration.items()}


def merged(new, old):
    """Messages as they are kept: an event that is not named keeps what it had."""
    if new is None or old is None:
        return new
    new = dict(new)
    for event in EVENTS:
        if not new.get(event) and old.get(event):
            new[event] = old[event]
        elif new.get(event) and old.get(event) and event != "workflow_approval":
            new[event] = {**{key: value for key, value in old[event].items() if value}, **new[event]}
        new.setdefault(event, None)
    return new
