"""What schemathesis cannot know: ids and tokens of intents that are there. Without them most calls end at 404."""

import json
import re
from itertools import count
from os import environ
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import schemathesis

URL = environ["BUS_URL"]
HEADERS = {"X-API-KEY": environ["BUS_SECRET"], "X-Admin-Token": environ["BUS_ADMIN_SECRET"]}
ID = re.compile("[0-9a-f]{32}")
numbers = count()


def post(path, body=None):
    request = Request(URL + path, json.dumps(body or {}).encode(), HEADERS)
    with urlopen(request) as answer:
        return json.load(answer)


def published(**fields):
    return post("/intent", {"goal": "work", "payload": 1, **fields})["id"]


def leased():
    namespace = f"leased-{next(numbers)}"
    published(namespace=namespace)
    return post(f"/claim?namespace={namespace}")


def cancelled():
    return post(f"/admin/intents/{published()}/cancel")["id"]


def fill_in(body, claim):
    """Only a token that could be one: the others are there to be refused."""
    if isinstance(body, dict) and isinstance(body.get("claim_token"), str) and body["claim_token"]:
        body["claim_token"] = claim["claim_token"]


def fill_in_items(body):
    """The first ones of a thousand do."""
    items = body.get("items") if isinstance(body, dict) else None
    for item in items[:3] if isinstance(items, list) else []:
        if isinstance(item, dict) and ID.fullmatch(str(item.get("id"))):
            claim = leased()
            item["id"] = claim["id"]
            fill_in(item, claim)


def fill_in_ids(body):
    ids = body.get("ids") if isinstance(body, dict) else None
    if isinstance(ids, list) and ids and isinstance(ids[0], str):
        ids[0] = cancelled()


def fill_in_key(body):
    if isinstance(body, dict) and isinstance(body.get("key_id"), int) and body["key_id"] > 0:
        body["key_id"] = post("/admin/generate_key", {"owner": "somebody"})["key_id"]


def stay_open(body):
    """In maintenance all the other calls would be refused."""
    if isinstance(body, dict) and body.get("on") is True:
        body["on"] = False


@schemathesis.hook
def before_call(context, case, kwargs):
    path = case.operation.path
    query = case.query or {}
    wait_briefly(query)
    # That of the example; used twice, it is a conflict.
    if (case.headers or {}).get("Idempotency-Key") == "order-17":
        case.headers["Idempotency-Key"] = f"order-{next(numbers)}"
    if path == "/admin/maintenance":
        stay_open(case.body)
    # With an id there is one page, which the schema cannot say.
    if path in ("/admin/intents", "/intents") and query.get("id"):
        query.pop("before", None)
    # One of an earlier answer may have been purged since.
    if path in ("/admin/dead", "/admin/intents", "/intents") and ID.fullmatch(str(query.get("before"))):
        query["before"] = cancelled()
    # The ids of that phase come from earlier answers.
    if case.meta and case.meta.phase.name.value == "stateful":
        return
    if path == "/claim":
        something_to_claim(query)
    elif path in ("/fulfill", "/fail", "/extend_claim"):
        fill_in_items(case.body)
    elif path in ("/admin/dead/retry", "/admin/dead/drop"):
        fill_in_ids(case.body)
    elif path in ("/admin/rotate_key", "/admin/change_key"):
        fill_in_key(case.body)
    elif ID.fullmatch(str((case.path_parameters or {}).get("id"))):
        if re.match("/(fulfill|fail|extend_claim|progress)/", path):
            claim = leased()
            case.path_parameters["id"] = claim["id"]
            fill_in(case.body, claim)
        else:
            gone = path.endswith("/retry") or path.startswith(("/retry/", "/admin/dead/"))
            case.path_parameters["id"] = cancelled() if gone else published()


def wait_briefly(query):
    try:
        if 0 < float(query.get("wait")) <= 60:
            query["wait"] = 0.02
    except (TypeError, ValueError):
        pass


def something_to_claim(query):
    """As far as what it asks for can be published at all; an unknown publisher has nothing to offer."""
    if query.get("publisher"):
        query["publisher"] = HEADERS["X-API-KEY"]
    asked = {name: query[name] for name in ("goal", "namespace") if query.get(name)}
    try:
        published(priority=1000, **asked)
    except (HTTPError, TypeError):
        pass
