"""CSV and JSON: types that lose nothing, and faults told with their place."""

import datetime as dt
from typing import Any

import pytest

from notebook_gen.errors import ConfigError
from notebook_gen.storage.text_tables import read_csv, read_json


def csv(text: str | bytes) -> dict[str, list[Any]]:
    data = text if isinstance(text, bytes) else text.encode()
    return read_csv(data, "a.csv").to_pydict()


def csv_refusal(text: str | bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        csv(text)
    return caught.value


def json_rows(text: str) -> list[dict[str, Any]]:
    return read_json(text.encode(), "a.jsonl").to_pylist()


def json_refusal(text: str | bytes) -> ConfigError:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(ConfigError) as caught:
        read_json(data, "a.jsonl")
    return caught.value


def test_columns_get_the_type_that_all_their_values_have() -> None:
    assert csv("n,share,name,ok,day\n1,0.5,a,true,2024-01-02\n-20,1e3,b,false,2024-01-03\n") == {
        "n": [1, -20],
        "share": [0.5, 1000.0],
        "name": ["a", "b"],
        "ok": [True, False],
        "day": [dt.date(2024, 1, 2), dt.date(2024, 1, 3)],
    }


@pytest.mark.parametrize(
    "values",
    [
        ["00123", "4567"],
        ["+491701234567", "1"],
        ["0x1F", "12"],
        ["-007", "1"],
        ["00.5", "1.5"],
        ["12345678901234567890", "1"],
        ["1234567890123456.5", "12345678901234567"],
    ],
)
def test_numbers_that_would_lose_how_they_are_written_stay_text(values: list[str]) -> None:
    assert csv("code\n" + "\n".join(values) + "\n") == {"code": values}


def test_ordinary_numbers_are_numbers_however_they_are_written() -> None:
    assert csv("x,y\n0,0.50\n-0, .5\n10 ,5.\n") == {"x": [0, 0, 10], "y": [0.5, 0.5, 5.0]}
    assert csv("id\n9223372036854775807\n") == {"id": [2**63 - 1]}


def test_an_empty_value_is_missing_in_numbers_and_empty_in_text() -> None:
    assert csv("n,name\n1,\n,b\n") == {"n": [1, None], "name": ["", "b"]}
    # and the code of Namibia is a text
    assert csv("country\nNA\nDE\n") == {"country": ["NA", "DE"]}
    assert csv('zip\n00123\n""\n') == {"zip": ["00123", ""]}


def test_quotes_line_breaks_windows_line_ends_and_byte_order_marks_are_read() -> None:
    assert csv(b'\xef\xbb\xbfa,b\r\n"x, ""y""\nz",1\r\n\r\nw,2\r\n') == {"a": ['x, "y"\nz', "w"], "b": [1, 2]}


def test_a_value_may_be_longer_than_what_is_read_at_once() -> None:
    text = "x" * 3_000_000

    assert csv(f"a,b\n1,{text}\n") == {"a": [1], "b": [text]}


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "  \n"])
def test_an_empty_file_is_told(text: str) -> None:
    assert str(csv_refusal(text)) == "a.csv is empty; give a file with at least one row"


@pytest.mark.parametrize("text", ["a,b", "a,b\n", "a,b\n\n"])
def test_a_header_without_rows_is_told(text: str) -> None:
    assert csv_refusal(text).problem == "a.csv has a header, but no rows"


def test_headers_that_are_there_twice_or_empty_are_told() -> None:
    assert csv_refusal("a,b,a,b,c\n1,2,3,4,5\n").problem == "a.csv has several columns named 'a', 'b'"
    assert csv_refusal("a,,c\n1,2,3\n").problem == "a.csv has no name for its column 2"


@pytest.mark.parametrize(("mark", "shown"), [(";", "';'"), ("\t", "'\\t'"), ("|", "'|'")])
def test_another_separator_is_told(mark: str, shown: str) -> None:
    error = csv_refusal(f"a{mark}b\n1{mark}2\n")

    assert error.problem == f"a.csv seems to be separated by {shown}, not by commas"
    assert error.advice == f"give pd.read_csv('a.csv', sep={shown})"


def test_a_line_with_another_number_of_values_is_told_with_its_number() -> None:
    assert (
        csv_refusal('a,b\n"x\ny",2\n3\n').problem
        == "a.csv cannot be read as CSV: line 4 has 1 values, and the header 2"
    )
    assert csv_refusal("a,b\n1,2\n3,4,5\n").problem.endswith("line 3 has 3 values, and the header 2")


def test_a_quotation_mark_that_is_not_closed_is_told() -> None:
    error = csv_refusal('a,b\n1,2\n"x,3\n4,5\n')

    assert "a.csv cannot be read as CSV: line " in error.problem
    assert "a quotation mark that is not closed" in error.advice


def test_what_is_not_utf8_is_told_with_its_place_and_the_way_out() -> None:
    error = csv_refusal("a,b\n1,2\n3,Käse\n".encode("latin-1"))

    assert error.problem == "a.csv is not UTF-8: byte 11 (0xe4), in line 3"
    assert error.advice == "save it as UTF-8, or give pd.read_csv('a.csv', encoding='cp1252')"
    assert "encoding='utf-16'" in csv_refusal("a,b\n1,2\n".encode("utf-16")).advice


def test_lines_of_json_are_rows_and_what_one_does_not_have_is_missing() -> None:
    assert json_rows('{"a": 1, "b": "x"}\r\n\n{"a": 2.5, "c": [1]}') == [
        {"a": 1.0, "b": "x", "c": None},
        {"a": 2.5, "b": None, "c": [1]},
    ]


def test_text_that_looks_like_a_time_stays_text() -> None:
    assert json_rows('{"a": "2024-01-02T10:00:00Z"}') == [{"a": "2024-01-02T10:00:00Z"}]


def test_an_array_of_objects_is_rows_too() -> None:
    assert json_rows('\n[{"a": 1},\n {"a": 2}]') == [{"a": 1}, {"a": 2}]


def test_objects_inside_have_the_keys_of_all_rows_so_that_templates_can_read_them() -> None:
    assert json_rows('{"a": {"x": 1}}\n{"a": {"y": 2}}') == [{"a": {"x": 1, "y": None}}, {"a": {"x": None, "y": 2}}]


def test_values_of_several_types_become_text() -> None:
    assert json_rows('{"a": 1}\n{"a": "x"}\n{"a": null}') == [{"a": "1"}, {"a": "x"}, {"a": None}]
    assert json_rows('{"a": 99999999999999999999}') == [{"a": "99999999999999999999"}]


def test_objects_nested_deeper_than_files_can_be_become_text() -> None:
    for text in ("[" * 500 + "1" + "]" * 500, '{"a": ' * 40 + "1" + "}" * 40):
        assert json_rows(f'{{"a": {text}}}') == [{"a": text}]


def test_a_key_that_is_no_unicode_is_told_and_inside_a_value_marked() -> None:
    assert str(json_refusal('{"\\ud800": 1}')) == (
        r"column '\ud800' has '\ud800' in its name, which is no character; rename the column"
    )
    assert json_rows('{"a": {"\\ud800": "\\ud800"}}') == [{"a": '{"\ufffd": "\ufffd"}'}]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1}\n\n{"a": \n', "a.jsonl has no JSON object in line 3: Expecting value: line 1 column 7 (char 6)"),
        ('{"a": 1}\n5\n', "a.jsonl has a value of type int in line 2, not an object"),
        ("[1]", "a.jsonl has a value of type int in item 1, not an object"),
        ('[{"a": 1}', "a.jsonl cannot be read as JSON: Expecting ',' delimiter: line 1 column 10 (char 9)"),
        ("", "a.jsonl is empty"),
        ("[" * 100_000, "a.jsonl cannot be read as JSON: "),
    ],
)
def test_broken_json_is_told_with_its_place(text: str, problem: str) -> None:
    assert json_refusal(text).problem.startswith(problem)


def test_json_that_is_not_utf8_is_told() -> None:
    assert json_refusal(b'{"a": "\xe4"}').problem == "a.jsonl is not UTF-8: byte 7 (0xe4), in line 1"
