"""What the settings of mail have to say together."""

import pytest

from infra.mail.registry import mail_provider
from infra.settings import BadSettings, load

SMTP = {"MAIL_PROVIDER": "smtp", "SMTP_HOST": "smtp.example.org", "MAIL_FROM": "me@example.org"}


def test_letters_become_files_unless_told_otherwise() -> None:
    assert mail_provider(load({})).name == "file"


def test_a_server_and_a_sender_are_all_that_smtp_needs() -> None:
    assert mail_provider(load(SMTP)).name == "smtp"


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"SMTP_HOST": ""}, "SMTP_HOST is not set; MAIL_PROVIDER=smtp needs it"),
        ({"MAIL_FROM": ""}, "MAIL_FROM is not set"),
        ({"SMTP_USERNAME": "me"}, "SMTP_USERNAME and SMTP_PASSWORD go together"),
        ({"SMTP_PASSWORD": "s3cret"}, "SMTP_USERNAME and SMTP_PASSWORD go together"),
        (
            {"SMTP_USERNAME": "me", "SMTP_PASSWORD": "s3cret", "SMTP_SECURITY": "none"},
            "would send SMTP_PASSWORD in clear",
        ),
    ],
)
def test_what_is_missing_is_named_with_the_remedy(change: dict[str, str], remedy: str) -> None:
    with pytest.raises(BadSettings, match=remedy) as problem:
        mail_provider(load(SMTP | change))
    assert "s3cret" not in str(problem.value)


@pytest.mark.parametrize(
    "address", ["nobody", "a b@example.org", "Me <me@example.org>", "me@example.org, you@example.org"]
)
def test_one_plain_address_is_taken_and_nothing_else(address: str) -> None:
    with pytest.raises(BadSettings, match="MAIL_FROM"):
        load({"MAIL_FROM": address})


def test_the_password_is_in_no_representation() -> None:
    assert "s3cret" not in repr(load({"SMTP_USERNAME": "me", "SMTP_PASSWORD": "s3cret"}))
