import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradatim.training.errors import Failure
from gradatim.training.metrics import (
    MetricsLog,
    cut_back,
    decode,
    encode,
    last_step,
    read_metrics,
)

NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats())


def write(path, records):
    with MetricsLog(path) as log:
        for record in records:
            log.append(record)


def strict(line):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(line, parse_constant=refuse)


@settings(max_examples=50)
@given(step=st.integers(0, 2**40), values=st.dictionaries(st.text(max_size=5), NUMBERS))
def test_any_number_is_valid_json_and_comes_back(step, values):
    record = {**values, "step": step}
    line = encode(record)
    strict(line)
    back = decode(line)
    assert back.keys() == record.keys()
    for key, value in record.items():
        assert back[key] == value or (math.isnan(value) and math.isnan(back[key]))


def test_records_are_in_the_file_as_soon_as_they_are_appended(tmp_path):
    path = tmp_path / "metrics.jsonl"
    log = MetricsLog(path)
    log.append({"event": "train", "step": 1, "loss": 2.5})
    assert read_metrics(path) == [{"event": "train", "step": 1, "loss": 2.5}]
    log.close()


def test_a_torn_last_line_is_passed_over_and_cut_off(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write(path, [{"event": "train", "step": step, "loss": 1.0} for step in (1, 2, 3)])
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        records = read_metrics(path)
        assert [r["step"] for r in records] == list(range(1, len(records) + 1))
        cut_back(path, step=2)
        assert [r["step"] for r in read_metrics(path)] == list(range(1, len(records) + 1))[:2]
        assert path.read_bytes() == b"" or path.read_bytes().endswith(b"}\n")


def test_going_on_after_a_step_drops_later_records_and_the_final_ones(tmp_path):
    path = tmp_path / "metrics.jsonl"
    records = [{"event": "train", "step": step} for step in (10, 20, 30)]
    write(path, [*records, {"event": "final", "step": 20}])
    cut_back(path, step=20)
    assert read_metrics(path) == records[:2]


def test_the_last_step_is_that_of_the_last_whole_line(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert last_step(path) == 0
    write(path, [{"step": step, "loss": 1.0} for step in range(3000)])
    assert last_step(path) == 2999
    with path.open("a", encoding="utf-8") as file:
        file.write('{"step": 3000, "lo')
    assert last_step(path) == 2999
    path.write_text("no JSON\n", encoding="utf-8")
    assert last_step(path) == 0


def test_a_missing_file_has_no_records_and_is_made(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert read_metrics(path) == []
    cut_back(path, step=3)
    assert path.read_bytes() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_a_failure_with_the_file():
    log = MetricsLog(Path("/dev/full"))
    with pytest.raises(Failure, match=r"cannot write .*full \(No space left on device\)"):
        log.append({"event": "train", "step": 1})
    log.close()
