"""Where a browser goes once its person has signed in: to a page of this console, whatever a link said."""

import re
from dataclasses import dataclass
from hashlib import sha256

import pytest
from starlette.testclient import TestClient

from services.console.domain.sign_in import Holder, holders
from services.console.routes.door import local_path
from services.console.routes.site import console_site


@dataclass(frozen=True)
class Desk:
    """As much of it as signing in needs."""

    holders: tuple[Holder, ...]
    watchers: None = None
    unready: None = None
    jaeger_pages: None = None


@pytest.mark.parametrize("host", ["//evil", "///evil/x", "/\\evil", "\\/evil", "/\t/evil", "/\n/evil", "/x\\..\\y"])
@pytest.mark.parametrize("form", ["{}", "{}?x=1"])
def test_what_a_browser_may_take_for_a_host_leads_to_the_first_page(host: str, form: str) -> None:
    assert local_path(form.format(host)) == "/"


@pytest.mark.parametrize("path", ["https://evil.example", "javascript:alert(1)", "evil.example", "", "\x00/", "/x\n"])
def test_what_may_lead_elsewhere_leads_to_the_first_page(path: str) -> None:
    assert local_path(path) == "/"


@pytest.mark.parametrize(
    "path", ["/", "/requests?task=faq&after=a%2Fb", "/portfolio#lanes", "/a//b", "/x?to=https://y"]
)
def test_a_page_of_this_console_is_gone_to(path: str) -> None:
    assert local_path(path) == path


def test_signing_in_by_a_link_with_another_host_stays_here() -> None:
    desk = Desk(holders(f"mary:admin:{sha256(b'k').hexdigest()}"))
    client = TestClient(console_site(desk, "of a test", over_tls=False))
    page = client.get("/sign-in?next=///evil.example/x").text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf
    form = {"csrf": csrf[1], "key": "k", "next": "///evil.example/x"}
    answer = client.post("/sign-in", data=form, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
