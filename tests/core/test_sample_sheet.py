"""Sample sheets: what is read of them, and what is said of those that can't be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omics_runs import Columns, RunSpec, StartRunRequest, errors, read_sample_sheet
from tests.examples import examples

BASE = StartRunRequest(
    workflow_id="1234567",
    role_arn="arn:aws:iam::123456789012:role/R",
    output_uri="s3://b/o",
    parameters={"reference": "hg38"},
)
TYPES: Mapping[str, Any] = {"reads": str, "threads": int}
COLUMNS = Columns(BASE, name="sample", parameters=TYPES)
HEADER = "sample,reads,threads\n"


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """Return the place of a sheet."""
    return tmp_path / "samples.csv"


def read(sheet: Path, text: str | bytes, template: Any = COLUMNS, **options: Any) -> list[RunSpec]:
    """Write a sheet, and read it."""
    sheet.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_sample_sheet(sheet, template, **options)


def refusal(sheet: Path, text: str | bytes, template: Any = COLUMNS, **options: Any) -> str:
    """Return what is said of a sheet that can't be read."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        read(sheet, text, template, **options)
    return str(caught.value)


# --- what is read ---------------------------------------------------------------------------


def test_a_row_becomes_a_spec(sheet: Path) -> None:
    """The name names spec and run, and each parameter has its type."""
    (spec,) = read(sheet, f"{HEADER}NA12878,s3://b/r.cram,8\n")
    assert spec.name == spec.request.name == "NA12878"
    assert spec.request.parameters == {
        "reference": "hg38",
        "reads": "s3://b/r.cram",
        "threads": 8,
    }
    assert spec.request.role_arn == BASE.role_arn


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ufeffsample,reads,threads\na,r,8\n", id="byte order mark"),
        pytest.param("sample,reads,threads\r\na,r,8\r\n", id="CRLF"),
        pytest.param("sample,reads,threads\na,r,8", id="no end of the last line"),
        pytest.param('"sample","reads","threads"\n"a","r","8"\n', id="quoted"),
        pytest.param(" sample , reads,threads \n a , r, 8 \n", id="white space"),
        pytest.param('sample, "reads", threads\na, "r", "8"\n', id="space before a quote"),
        pytest.param("\n\nsample,reads,threads\n\na,r,8\n,,\n  \n", id="blank lines"),
        pytest.param("threads,sample,reads\n8,a,r\n", id="another order"),
    ],
)
def test_sheets_as_people_write_them(sheet: Path, text: str) -> None:
    """Spreadsheets and editors leave their marks, which say nothing."""
    (spec,) = read(sheet, text)
    assert (spec.name, spec.request.parameters) == (
        "a",
        {"reference": "hg38", "reads": "r", "threads": 8},
    )


def test_cells_may_hold_anything_when_quoted(sheet: Path) -> None:
    """Commas, quotes and line breaks are part of the cell."""
    (spec,) = read(sheet, f'{HEADER}a,"one, ""two""\nthree",1\n')
    assert spec.request.parameters is not None
    assert spec.request.parameters["reads"] == 'one, "two"\nthree'


@pytest.mark.parametrize(
    ("name", "delimiter", "options"),
    [
        pytest.param("samples.tsv", "\t", {}, id="tsv"),
        pytest.param("samples.TAB", "\t", {}, id="tab"),
        pytest.param("samples.csv", ";", {"delimiter": ";"}, id="given"),
    ],
)
def test_other_delimiters(tmp_path: Path, name: str, delimiter: str, options: Any) -> None:
    """The name of the file tells, or the caller does."""
    text = f"{HEADER}a,r,8\n".replace(",", delimiter)
    assert [spec.name for spec in read(tmp_path / name, text, **options)] == ["a"]


@pytest.mark.parametrize(
    ("declared", "cell", "value"),
    [
        pytest.param(str, "8", "8", id="text"),
        pytest.param(int, "8", 8, id="whole"),
        pytest.param(int, "-08", -8, id="whole with sign"),
        pytest.param(float, "8", 8.0, id="number"),
        pytest.param(float, "-.5e-3", -0.0005, id="number with exponent"),
        pytest.param(bool, "TRUE", True, id="true"),
        pytest.param(bool, "false", False, id="false"),
        pytest.param(int | None, "8", 8, id="given"),
        pytest.param(int | None, "", None, id="left out"),
        pytest.param(str | None, "", None, id="no text"),
    ],
)
def test_cells_have_types(sheet: Path, declared: Any, cell: str, value: object) -> None:
    """A cell is what its column says it is, and nothing else."""
    columns = Columns(BASE.replace(parameters=None), name="s", parameters={"p": declared})
    (spec,) = read(sheet, f"s,p\na,{cell}\n", columns)
    found = (spec.request.parameters or {}).get("p")
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("declared", "cell", "what"),
    [
        pytest.param(int, "8 GB", "a whole number, such as 8, got '8 GB'", id="unit"),
        pytest.param(int, "8.0", "a whole number, such as 8, got '8.0'", id="point"),
        pytest.param(int, "1_000", "a whole number", id="underscore"),
        pytest.param(int, "٨", "a whole number", id="other digits"),
        pytest.param(int, "9" * 19, "a whole number", id="too large"),
        pytest.param(int, "", "is empty; it must be a whole number", id="empty"),
        pytest.param(str, "", "is empty; it must be a text", id="empty text"),
        pytest.param(float, "nan", "a number, such as 0.5, got 'nan'", id="nan"),
        pytest.param(float, "1e999", "a number", id="endless"),
        pytest.param(float, '"0,5"', "a number", id="comma"),
        pytest.param(bool, "yes", "true or false, got 'yes'", id="yes"),
        pytest.param(float | None, "x", "a number", id="not empty"),
    ],
)
def test_a_cell_that_does_not_fit(sheet: Path, declared: Any, cell: str, what: str) -> None:
    """The error has the line, the column, and what would be right."""
    columns = Columns(BASE, name="s", parameters={"p": declared})
    told = refusal(sheet, f"s,p\na,{cell}\n", columns)
    assert "line 2, column 'p': " in told
    assert what in told


# --- what is wrong with sheets --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("", "is empty; the first line must name the columns", id="empty"),
        pytest.param("\n,,\n", "is empty", id="blank"),
        pytest.param(
            "sample,reads\n",
            "line 1: has no column 'threads'; it has 'sample', 'reads'",
            id="missing",
        ),
        pytest.param("Sample,reads,threads\n", "name= or --name says which", id="case"),
        pytest.param(
            "sample,reads,threads,thread,a b\n",
            "has 'thread', 'a b' besides; make parameters of them, "
            "parameters={'thread': str, 'a b': str}, in a shell "
            "--parameter thread:str --parameter 'a b:str'; or leave them out, "
            "ignored=['thread', 'a b'], in a shell --ignore thread --ignore 'a b'",
            id="extra",
        ),
        pytest.param("sample,reads,threads,\n", "line 1: column 4 has no name", id="no name"),
        pytest.param("sample,reads,threads,reads\n", "2 columns are named 'reads'", id="twice"),
        pytest.param(
            "sample;reads;threads\n",
            "if semicolons separate the cells, pass delimiter=';', or --delimiter semicolons",
            id="semicolons",
        ),
        pytest.param("sample\treads\n", "if tabs separate the cells", id="tabs"),
        pytest.param(f"{HEADER}a,r\n", "line 2: has 2 cells, and there are 3 columns", id="short"),
        pytest.param(f"{HEADER}a,r,8,\n", "line 2: has 4 cells", id="long"),
        pytest.param(f"{HEADER},r,8\n", "line 2, column 'sample': is empty; each", id="nameless"),
        pytest.param(
            f"{HEADER}a,r,8\n\nb,r,8\na,q,8\n", "line 5: 'a' is the name of line 2, too", id="twice"
        ),
        pytest.param(f'{HEADER}a,"r\ns",8\nb,r,x\n', "line 4, column 'threads'", id="line breaks"),
        pytest.param(f'{HEADER}a,r,8\nb,"r,8\n', "line 3: can't be read: ", id="open quote"),
        pytest.param(f"{HEADER}a,ü,8\n".encode("latin-1"), "is not in UTF-8", id="encoding"),
    ],
)
def test_a_sheet_that_is_wrong(sheet: Path, text: str | bytes, what: str) -> None:
    """Each has its own words, with the name of the file."""
    told = refusal(sheet, text)
    assert what in told
    assert told.startswith("the sample sheet samples.csv was refused and nothing was sent: ")


def test_all_problems_are_told_at_once(sheet: Path) -> None:
    """Those of a row, and those of the rows after it."""
    told = refusal(sheet, f"{HEADER},r,x\nb,,8\n")
    assert told.count("line 2, column ") == 2
    assert "line 3, column 'reads'" in told


def test_not_more_problems_are_told_than_can_be_read(sheet: Path) -> None:
    """A thousand rows with the same mistake make no message of a thousand lines."""
    told = refusal(sheet, HEADER + "".join(f"s{n},r,x\n" for n in range(1000)))
    assert told.count("column 'threads'") == 20
    assert told.endswith("; and 980 more")


def test_a_name_may_be_a_parameter_too(sheet: Path) -> None:
    """Most workflows want to know what the sample is called."""
    columns = Columns(BASE, name="sample", parameters={"sample": str, "threads": int})
    (spec,) = read(sheet, "sample,threads\na,8\n", columns)
    assert spec.name == "a"
    assert spec.request.parameters == {"reference": "hg38", "sample": "a", "threads": 8}


def test_a_sheet_without_rows_is_refused(sheet: Path) -> None:
    """It is a file of somebody's that was not written to its end, or not this one."""
    assert refusal(sheet, HEADER).endswith("has no rows below its header")


def test_ignored_columns(sheet: Path) -> None:
    """They have to be named, since a misspelt parameter looks the same."""
    columns = Columns(BASE, name="sample", parameters=TYPES, ignored=["notes"])
    assert len(read(sheet, "sample,reads,threads,notes\na,r,8,?\n", columns)) == 1


def test_a_sheet_that_is_not_there(sheet: Path) -> None:
    """That is no matter of its content."""
    with pytest.raises(FileNotFoundError):
        read_sample_sheet(sheet, COLUMNS)


# --- templates ------------------------------------------------------------------------------


def template(row: Mapping[str, str]) -> RunSpec:
    """Return the spec of a row, as one's own function might."""
    request = BASE.replace(parameters={"threads": int(row["threads"])}, tags={"p": row["patient"]})
    return RunSpec(row["sample"], request)


def test_a_function_makes_the_specs(sheet: Path) -> None:
    """It gets texts by their columns, and uses those that it likes."""
    (spec,) = read(sheet, "sample,threads,patient,notes\na,8,P1,?\n", template)
    assert spec.request.tags == {"p": "P1"}
    assert spec.request.parameters == {"threads": 8}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param(
            "sample,threads,patient\na,x,P\n", "line 2: invalid literal for int()", id="value"
        ),
        pytest.param(
            "sample,threads\na,8\n",
            "line 2: the template asks for the column 'patient'",
            id="column",
        ),
        pytest.param(
            "sample,threads,patient\n,8,P\n", "line 2, name: must be a text that is not", id="name"
        ),
        pytest.param(
            "sample,threads,patient\na,8,P\na,8,P\n",
            "line 3: 'a' is the name of line 2",
            id="twice",
        ),
        pytest.param("sample;threads;patient\na;8;P\n", "pass delimiter=';'", id="delimiter"),
    ],
)
def test_what_a_function_refuses_has_its_line(sheet: Path, text: str, what: str) -> None:
    """Whatever it raises about a row is told as of that row."""
    assert what in refusal(sheet, text, template)


def test_a_function_that_returns_no_spec(sheet: Path) -> None:
    """It is told what it must return."""
    told = refusal(sheet, "sample\na\n", dict)
    assert "line 2: the template must return a RunSpec, got {'sample': 'a'}" in told


def test_one_column_is_enough(sheet: Path) -> None:
    """A list of names is a sheet, too, though it has no delimiter."""
    assert [
        spec.name for spec in read(sheet, "sample\na\nb\n", lambda r: RunSpec(r["sample"], BASE))
    ]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param({"base": {}}, "base: must be a StartRunRequest, got {}", id="base"),
        pytest.param({"parameters": ["a"]}, "parameters: must map columns to types", id="list"),
        pytest.param({"parameters": {"p": list}}, "parameters['p']: must be str, int", id="list"),
        pytest.param({"parameters": {"p": int | str}}, "or one of them | None, got", id="two"),
        pytest.param({"parameters": {"p": "int"}}, "got 'int'", id="text"),
    ],
)
def test_columns_are_checked(arguments: Any, what: str) -> None:
    """What can't be a type of a cell is refused before a sheet is read."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        Columns(**{"base": BASE, "name": "s", "parameters": TYPES, **arguments})
    assert what in str(caught.value)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufeff"), max_size=8)


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=5))
@settings(max_examples=examples(150))
def test_any_sheet_is_read_or_explained(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    """Whatever is in the cells: there are specs, or an error with a line, and nothing else."""
    sheet = tmp_path_factory.getbasetemp() / "samples.csv"
    text = HEADER + "".join(",".join(row) + "\n" for row in rows)
    try:
        specs = read(sheet, text)
    except errors.InvalidRequestError as error:
        assert "line " in str(error) or "no rows" in str(error)  # noqa: PT017
    else:
        assert len({spec.name for spec in specs}) == len(specs) <= text.count("\n")
