import json
import traceback
from pathlib import Path

import pytest

from infra.outbound import Refused
from infra.pos.credentials import Credentials, UnknownCredentials, Vault

SECRET = "s3cret-never-to-be-seen"
GOOD = {
    "tenant": "acme",
    "client_id": f"id-{SECRET}",
    "client_secret": SECRET,
    "app_key": f"key-{SECRET}",
    "business_unit_id": 11,
    "job_type_id": 12,
    "campaign_id": 13,
}


def vault(home: Path, **environment: str) -> Vault:
    return Vault(home, environment)


def test_a_reference_to_the_environment_is_read_from_there(tmp_path: Path) -> None:
    found = vault(tmp_path, ACME_TITAN=json.dumps(GOOD)).resolve("env:ACME_TITAN")
    assert found == Credentials("acme", f"id-{SECRET}", SECRET, f"key-{SECRET}", 11, 12, 13)


def test_a_reference_to_a_file_is_read_from_the_home_folder_anew_each_time(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    file = tmp_path / "credentials" / "acme.json"
    for tenant in ("acme", "acme-after-rotation"):
        file.write_text(json.dumps(GOOD | {"tenant": tenant}))
        found = vault(tmp_path).resolve("file:acme")
        assert found is not None
        assert found.tenant == tenant


def test_a_tenant_may_be_given_as_a_number(tmp_path: Path) -> None:
    found = vault(tmp_path, ACME=json.dumps(GOOD | {"tenant": 4711})).resolve("env:ACME")
    assert found is not None
    assert found.tenant == "4711"


def test_no_reference_stands_for_no_credentials(tmp_path: Path) -> None:
    assert vault(tmp_path).resolve(None) is None


@pytest.mark.parametrize(
    "reference",
    [
        "file:../acme",
        "file:/etc/passwd",
        "file:a/b",
        "file:..",
        "file:",
        "env:path",
        "env:",
        "acme",
        "",
        "file:acme\n",
        "file:ac\x00me",
        "env:ACME_TITAN ",
    ],
)
def test_a_malformed_reference_is_refused_before_anything_is_read(tmp_path: Path, reference: str) -> None:
    (tmp_path / "acme.json").write_text(json.dumps(GOOD))
    with pytest.raises(UnknownCredentials, match="takes env:NAME or file:name"):
        vault(tmp_path, ACME_TITAN=json.dumps(GOOD)).resolve(reference)


@pytest.mark.parametrize("reference", ["env:ACME_TITAN", "file:acme"])
def test_a_reference_to_nothing_says_so(tmp_path: Path, reference: str) -> None:
    with pytest.raises(Refused, match=f"credentials {reference}: there are none by this name"):
        vault(tmp_path).resolve(reference)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (SECRET, "the JSON"),
        (json.dumps({"client_secret": SECRET}), "tenant"),
        (json.dumps(GOOD | {"job_type_id": SECRET}), "job_type_id"),
        (json.dumps(GOOD | {"tenant": f"../{SECRET}"}), "tenant"),
        (json.dumps(GOOD | {"app_key": f"{SECRET}\r\nHost: elsewhere"}), "app_key"),
        (json.dumps(GOOD | {"passwd": SECRET}), "passwd"),
    ],
)
def test_bad_credentials_name_the_field_and_never_a_value(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(UnknownCredentials) as caught:
        vault(tmp_path, ACME=text).resolve("env:ACME")
    assert named in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_credentials_show_only_their_tenant(tmp_path: Path) -> None:
    found = vault(tmp_path, ACME=json.dumps(GOOD)).resolve("env:ACME")
    assert repr(found) == str(found) == "Credentials(tenant='acme')"
