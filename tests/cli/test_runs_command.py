import json
from contextlib import nullcontext

from gradatim.cli import main
from tests.training.numpy_learner import go_on, settings, start


def test_the_table_has_a_line_for_each_run(capsys, tmp_path):
    config = settings(steps=10)
    start(tmp_path, config, name="short")
    go_on(start(tmp_path, config, name="whole"), config)
    assert main(["runs", "--runs", str(tmp_path)]) == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == "run model step dev loss written state"
    assert rows[2].startswith("short least-squares 0/10")
    assert rows[2].endswith("interrupted")
    assert rows[3].startswith("whole least-squares 10/10")
    assert rows[3].endswith("finished")


def test_a_narrow_terminal_gets_fewer_columns_and_whole_names(capsys, tmp_path, monkeypatch):
    start(tmp_path, settings(steps=10), name="a-name-that-is-rather-long")
    for width, headings in (
        (90, "run model step dev loss written state"),
        (74, "run model step dev loss state"),
        (60, "run step dev loss state"),
        (10, "run step"),
    ):
        monkeypatch.setattr("gradatim.cli.runs.columns", lambda width=width: width)
        assert main(["runs", "--runs", str(tmp_path)]) == 0
        head, _, row = capsys.readouterr().out.splitlines()
        assert " ".join(head.split()) == headings
        assert len(row) <= max(width, 35)
        assert row.startswith("a-name-that-is-rather-long")


def test_a_running_run_is_where_its_metrics_are(capsys, tmp_path):
    run = start(tmp_path, settings(steps=10), name="one")
    with run.metrics.open("a", encoding="utf-8") as file:
        file.write('{"event": "train", "step": 7, "loss": 1.0}\n')
    for state, step in (("running", 7), ("interrupted", 0)):
        with run.lock() if state == "running" else nullcontext():
            assert main(["runs", "--runs", str(tmp_path), "--json"]) == 0
        (row,) = json.loads(capsys.readouterr().out)
        assert (row["state"], row["step"]) == (state, step)


def test_json_has_the_same(capsys, tmp_path):
    config = settings(steps=10)
    run = start(tmp_path, config, name="one")
    go_on(run, config)
    assert main(["runs", "--runs", str(tmp_path), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["state"], row["step"]) == ("one", "finished", 10)
    assert row["dev_loss"] == run.load("best").dev_loss


def test_without_runs_it_says_what_to_type(capsys, tmp_path):
    assert main(["runs", "--runs", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"No run in {tmp_path} yet. Type: gradatim train bigram\n"
    assert main(["runs", "--runs", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
