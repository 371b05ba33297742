"""A posting is found in a row under any of the names that columns go by."""

from decimal import Decimal
from typing import Any

import pytest

from cli.importing.postings import COLUMNS, BadPosting, posting

NEEDED = {"company": "Acme", "title": "Cook"}


def field(name: str, value: Any, **more: Any) -> Any:
    return getattr(posting({**NEEDED, name: value, **more}, "import"), COLUMN_OF[name])


COLUMN_OF = {name: field for field, names in COLUMNS.items() for name in names}


@pytest.mark.parametrize("company", COLUMNS["company"])
@pytest.mark.parametrize("title", COLUMNS["job_title"])
def test_company_and_title_have_many_names(company: str, title: str) -> None:
    found = posting({company: "Acme", title: "Cook"}, "import")
    assert (found.company, found.job_title, found.source) == ("Acme", "Cook", "import")


@pytest.mark.parametrize("written", ["Job Title", "jobTitle", "JOB_TITLE", " job-title "])
def test_a_column_is_known_however_it_is_written(written: str) -> None:
    assert posting({"Company Name": "Acme", written: "Cook"}, "import").job_title == "Cook"


def test_a_row_may_name_its_own_source() -> None:
    assert posting({**NEEDED, "source": "Greenhouse"}, "import").source == "Greenhouse"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("  Oslo ", "Oslo"),
        (["Oslo", "Bergen", "Oslo"], "Oslo; Bergen"),
        ({"name": "Oslo"}, "Oslo"),
        ([{"name": "Oslo"}, {"display_name": "Bergen"}], "Oslo; Bergen"),
        ("   ", None),
        ([], None),
        ({"id": 7}, None),
    ],
)
def test_what_is_nested_is_written_out(value: Any, shown: str | None) -> None:
    assert field("locations", value) == shown


def test_the_first_column_that_has_something_counts() -> None:
    assert posting({**NEEDED, "location": "", "city": "Oslo"}, "import").location == "Oslo"


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        (150000, 150000),
        (150000.0, 150000),
        ("150000", 150000),
        ("$150,000.00", 150000),
        ("150.000 €", 150000),
        ("USD 1,150,000", 1150000),
        ("150k", 150000),
        ("$92.5K", 92500),
    ],
)
def test_salaries_are_read_as_people_write_them(written: Any, amount: int) -> None:
    assert field("salary_min", written) == Decimal(amount)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"company": "Acme"}, "job_title: field required"),
        ({"company": " ", "title": "Cook"}, "company: field required"),
        ({**NEEDED, "url": "acme.example/jobs"}, "job_url: string should match"),
        ({**NEEDED, "salary_min": "competitive"}, "salary_min is not an amount of money"),
        ({**NEEDED, "salary_min": "$120k - $150k"}, "salary_min is not an amount of money"),
        ({**NEEDED, "salary_min": 2, "salary_max": 1}, "salary_max must not be below salary_min"),
        ({**NEEDED, "title": "x" * 300}, "job_title: string should have at most 255 characters"),
        ({**NEEDED, "title": "a\0b"}, "job_title: must not contain NUL characters"),
        ({**NEEDED, "title": "a\ud800b"}, "job_title: "),
        (["Acme", "Cook"], "is not an object with named fields"),
        (7, "is not an object with named fields"),
    ],
)
def test_a_row_that_is_no_posting_says_why(row: Any, reason: str) -> None:
    with pytest.raises(BadPosting) as refused:
        posting(row, "import")
    assert str(refused.value).startswith(reason)
