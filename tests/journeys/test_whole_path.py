"""One request, the whole way, by the pages alone: the resident, the owner's handler and the operator each see
theirs.
"""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from infra.demo.residents import person_of
from tests.conftest import Running
from tests.support.browser import page, picture

pytestmark = pytest.mark.stack
WHO = person_of("alder-falls", 562)
PATIENCE = 60_000


@pytest.mark.requirement("R01")
@pytest.mark.requirement("R25")
@pytest.mark.requirement("R44")
def test_a_resident_asks_the_city_decides_the_products_deliver_and_erase(running: Running, tmp_path: Path) -> None:
    with page() as resident:
        number = _ask(resident, running)
        _confirm(resident, running)
    with page() as handler:
        _decide(handler, running, number, tmp_path)
    with page() as operator:
        _watch(operator, running, number)
    letters = httpx.get(f"{running.world.mailbox}/api/messages", params={"to": WHO.email}).json()
    assert len([letter for letter in letters if number in letter["text"]]) == 4


def test_the_privacy_page_works_on_a_phone_without_script(running: Running) -> None:
    who = person_of("brookhaven", 401)
    with page(width=390, height=800, dark=True, script=False) as resident:
        resident.goto(f"{running.world.services['intake']}/privacy/{who.owner}")
        assert resident.evaluate("document.documentElement.scrollWidth") <= 390
        resident.check("input[name=rights][value=access]")
        resident.fill("input[name=name]", who.name)
        resident.fill("input[name=email]", who.email)
        resident.get_by_role("button").last.click()
        resident.wait_for_url(re.compile("/received/"), timeout=PATIENCE)
        expect(resident.locator("main")).to_contain_text(re.compile("HB-"))
        picture(resident, "11-received-on-a-phone")


@pytest.mark.requirement("R35")
@pytest.mark.requirement("R39")
def test_the_privacy_page_speaks_spanish_and_honours_the_browsers_signal(running: Running) -> None:
    who = person_of("brookhaven", 402)
    with page(language="es-MX") as resident:
        resident.context.set_extra_http_headers({"Sec-GPC": "1"})
        resident.goto(f"{running.world.services['intake']}/privacy/{who.owner}")
        expect(resident.locator("main")).to_contain_text("Se respeta la señal")
        resident.check("input[name=rights][value=opt_out]")
        resident.fill("input[name=name]", who.name)
        resident.fill("input[name=email]", who.email)
        resident.get_by_role("button").last.click()
        resident.wait_for_url(re.compile("/received/"), timeout=PATIENCE)
        expect(resident.locator("main")).to_contain_text("No le queda nada por hacer")
        picture(resident, "13-received-in-spanish")


def _ask(resident: Page, running: Running) -> str:
    resident.goto(f"{running.world.services['intake']}/privacy/{WHO.owner}")
    picture(resident, "1-privacy-page")
    resident.get_by_role("button").last.click()
    expect(resident.locator("body")).to_contain_text("e-mail", ignore_case=True)
    resident.check("input[name=rights][value=access]")
    resident.check("input[name=rights][value=delete]")
    resident.fill("input[name=name]", WHO.name)
    resident.fill("input[name=email]", WHO.email)
    resident.get_by_role("button").last.click()
    once_more = resident.get_by_role("button", name="Yes, delete my data")
    once_more.wait_for(timeout=PATIENCE)
    picture(resident, "12-asked-once-more")
    once_more.click()
    resident.wait_for_url(re.compile("/received/"), timeout=PATIENCE)
    number = re.search(r"HB-[0-9A-Z]{4}-[0-9A-Z]{4}", resident.locator("main").inner_text())
    assert number is not None
    assert WHO.email not in resident.content()
    picture(resident, "2-received")
    return number[0]


def _confirm(resident: Page, running: Running) -> None:
    resident.goto(f"{running.world.mailbox}/?to={WHO.email}")
    link = resident.get_by_role("link", name=re.compile("confirm", re.IGNORECASE)).first
    for _ in range(60):
        if link.count():
            break
        resident.wait_for_timeout(500)
        resident.reload()
    link.click()
    found = re.search(rf"{running.world.services['verifier']}/verify/\S+", resident.locator("body").inner_text())
    assert found is not None
    resident.goto(found[0])
    picture(resident, "3-confirm")
    resident.get_by_role("button", name=re.compile("my request")).click()
    expect(resident.locator("main")).to_contain_text(re.compile("confirmed|thank", re.IGNORECASE), timeout=PATIENCE)
    picture(resident, "4-confirmed")


def _decide(handler: Page, running: Running, number: str, folder: Path) -> None:
    login = next(one for one in running.world.logins if one["owner"] == WHO.owner and one["role"] == "handler")
    handler.goto(f"{running.world.services['router']}/portal")
    handler.fill("input[name=email]", login["email"])
    handler.fill("input[name=password]", login["password"])
    handler.get_by_role("button").last.click()
    case = handler.get_by_role("link", name=re.compile(number))
    for _ in range(60):
        if case.count():
            break
        handler.wait_for_timeout(500)
        handler.goto(f"{running.world.services['router']}/portal")
    picture(handler, "5-inbox")
    case.first.click()
    expect(handler.locator("main")).to_contain_text(WHO.name)
    for name, answer in (("must_comply", "yes"), ("law_limits", "no"), ("identity_confirmed", "yes")):
        handler.check(f"input[name={name}][value={answer}]")
    for place in range(2):
        handler.check(f"input[name='decision-{place}'][value=true]")
    picture(handler, "6-case")
    handler.get_by_role("button", name=re.compile("instruction", re.IGNORECASE)).click()
    download = handler.get_by_role("link", name=re.compile("package", re.IGNORECASE))
    for _ in range(60):
        if download.count() and "closed" in handler.locator("main").inner_text().lower():
            break
        handler.wait_for_timeout(500)
        handler.reload()
    picture(handler, "7-case-done")
    with handler.expect_download() as started:
        download.first.click()
    kept = folder / "package.zip"
    started.value.save_as(kept)
    assert kept.read_bytes()[:2] == b"PK"


def _watch(operator: Page, running: Running, number: str) -> None:
    login = next(one for one in running.world.logins if one["role"] == "operator")
    operator.goto(f"{running.world.services['console']}/console")
    operator.fill("input[name=email]", login["email"])
    operator.fill("input[name=password]", login["password"])
    operator.get_by_role("button").last.click()
    operator.get_by_role("link", name=re.compile(number)).first.wait_for(timeout=PATIENCE)
    picture(operator, "8-console")
    operator.get_by_role("link", name=re.compile(number)).first.click()
    expect(operator.locator("main")).to_contain_text("Request closed", ignore_case=True)
    assert WHO.email not in operator.content()
    assert WHO.name not in operator.content()
    picture(operator, "9-journey")
    operator.goto(f"{running.world.services['console']}/console/parked")
    picture(operator, "10-parked")
