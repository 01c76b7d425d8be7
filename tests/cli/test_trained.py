"""`sample`, `eval`, `surprise` and `draw` on a run that is there."""

import json
import math
import re
from pathlib import Path

import pytest

from gradatim.cli import main


def out_of(capsys, *arguments):
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def test_words_are_drawn_and_the_seed_repeats_them(capsys, runs):
    draw = ["sample", "small", "--runs", str(runs), "-n", "12"]
    first = out_of(capsys, *draw, "--seed", "3")
    assert len(first.splitlines()) == 12
    assert set(first) <= set("abdeln\n")
    assert out_of(capsys, *draw, "--seed", "3") == first
    assert out_of(capsys, *draw, "--seed", "4") != first


def test_greedy_is_one_word_always(capsys, runs):
    greedy = ["sample", "small", "--runs", str(runs), "--greedy"]
    word = out_of(capsys, *greedy)
    assert word == out_of(capsys, *greedy)
    assert len(word.splitlines()) == 1


def test_samples_as_json(capsys, runs):
    text = out_of(capsys, "sample", "small", "--runs", str(runs), "-n", "4", "--json")
    result = json.loads(text)
    assert (result["run"], result["step"], len(result["words"])) == ("small", 60, 4)


def test_without_a_name_the_latest_run_is_taken_and_named(capsys, runs):
    assert main(["sample", "--runs", str(runs)]) == 0
    assert capsys.readouterr().err == "Using the latest run, small.\n"


@pytest.mark.parametrize("temperature", ["nan", "inf", "-1", "0"])
def test_a_temperature_that_is_none(capsys, runs, temperature):
    assert main(["sample", "small", "--runs", str(runs), "--temperature", temperature]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_losses_are_those_of_the_training(capsys, runs):
    text = out_of(capsys, "eval", "small", "--runs", str(runs), "--json")
    losses = json.loads(text)["losses"]
    lines = (runs / "small" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    final = json.loads(lines[-1])
    assert final["event"] == "final"
    assert losses == {split: final[f"{split}_loss"] for split in ("train", "dev", "test")}


def test_compiled_words_and_losses_are_those_of_the_plain_operations(capsys, tmp_path, words):
    where = ["--runs", str(tmp_path)]
    small = ["--set", "h=8", "--set", "batch_size=16", "--steps", "20", "--samples", "0"]
    assert main(["train", "mlp", "--data", str(words), *small, *where]) == 0
    capsys.readouterr()
    draw = ["sample", "mlp-1", "-n", "30", "--seed", "3", *where]
    assert out_of(capsys, *draw) == out_of(capsys, *draw, "--no-compile")
    look = ["eval", "mlp-1", *where]
    assert out_of(capsys, *look) == out_of(capsys, *look, "--no-compile")


def test_a_file_that_was_changed_since_has_no_such_parts(capsys, tmp_path, words):
    where = ["--runs", str(tmp_path / "runs")]
    small = ["--set", "h=4", "--set", "batch_size=16", "--steps", "2", "--samples", "0"]
    path = tmp_path / "mine.txt"
    path.write_bytes(words.read_bytes())
    assert main(["train", "mlp", "--no-compile", "--data", str(path), *small, *where]) == 0
    path.write_text("anna\n" + words.read_text(encoding="utf-8"), encoding="utf-8")
    capsys.readouterr()
    assert main(["eval", "mlp-1", *where]) == 2
    said = capsys.readouterr().err
    assert "mine.txt has other words than those that run 'mlp-1' was trained on" in said
    assert f"--data {path}" in said
    out_of(capsys, "eval", "mlp-1", "--data", str(path), *where)


def test_one_split_and_perplexity(capsys, runs):
    out = out_of(capsys, "eval", "small", "--runs", str(runs), "--split", "dev")
    name, loss, word, perplexity = out.split()
    assert (name, word) == ("dev", "perplexity")
    assert math.exp(float(loss)) == pytest.approx(float(perplexity), abs=0.01)


def test_the_best_and_any_checkpoint_can_be_taken(capsys, runs):
    for which in ("best", "last", "60", "57"):
        out_of(capsys, "eval", "small", "--runs", str(runs), "--checkpoint", which)
    assert main(["eval", "small", "--runs", str(runs), "--checkpoint", "7"]) == 2
    assert "has no checkpoint '7'; it has last, best" in capsys.readouterr().err


def test_words_of_another_file(capsys, runs, tmp_path):
    path = tmp_path / "other.txt"
    path.write_text("anna\nlea\n", encoding="utf-8")
    text = out_of(capsys, "eval", "small", "--runs", str(runs), "--data", str(path), "--json")
    assert list(json.loads(text)["losses"]) == ["other.txt"]
    path.write_text("anna\nzoe\n", encoding="utf-8")
    assert main(["eval", "small", "--runs", str(runs), "--data", str(path)]) == 2
    assert "is not in the alphabet" in capsys.readouterr().err


def test_surprise_is_minus_log_p_of_each_letter(capsys, runs):
    text = out_of(capsys, "surprise", "anna", "--run", "small", "--runs", str(runs), "--json")
    result = json.loads(text)
    letters = result["letters"]
    assert [row["letter"] for row in letters] == [*"anna", "."]
    assert [row["is_end"] for row in letters] == [False] * 4 + [True]
    for row in letters:
        assert row["surprise"] == pytest.approx(-math.log(row["probability"]))
    assert result["mean"] == pytest.approx(sum(row["surprise"] for row in letters) / 5)


def test_surprise_has_a_bar_for_each_letter(capsys, runs):
    lines = out_of(capsys, "surprise", "ben", "--run", "small", "--runs", str(runs)).splitlines()
    assert [line.split()[0] for line in lines] == ["letter", "b", "e", "n", "end", "mean"]


def test_bars_of_surprise_fit_a_narrow_terminal(capsys, runs, monkeypatch):
    def widest():
        out = out_of(capsys, "surprise", "ben", "--run", "small", "--runs", str(runs))
        return max(map(len, out.splitlines()))

    assert widest() > 40
    monkeypatch.setattr("gradatim.cli.surprise.columns", lambda: 40)
    assert 35 < widest() <= 40
    monkeypatch.setattr("gradatim.cli.surprise.columns", lambda: 10)
    assert widest() < 30


def test_without_any_run_the_bigrams_of_the_names_are_counted(capsys, tmp_path):
    assert main(["surprise", "emma", "--runs", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert "this counts the bigrams of the built-in names" in err
    mean = float(out.splitlines()[-1].split()[1])
    assert 1.5 < mean < 3.0


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("Emma", "write it in lower case"),
        ("", "an empty word has no letters"),
        ("a.b", "'.'"),
        ("zoë", "is not in the alphabet"),
    ],
)
def test_a_word_that_the_model_cannot_read(capsys, tmp_path, word, message):
    assert main(["surprise", word, "--runs", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["lol"], "lol.svg"),
        (["lol", "--before"], "lol.svg"),
        (["lol", "--steps"], "lol-steps.svg"),
        (["bigram"], "bigram.svg"),
        (["graph", "mlp"], "mlp-graph.svg"),
        (["graph", "small"], "small-graph.svg"),
        (["graph", "gpt"], "gpt-graph.svg"),
        (["graph", "small", "--depth", "1"], "small-graph.svg"),
        (["curves", "small"], "small-curves.svg"),
        (["surprise", "anna", "--run", "small"], "surprise-anna.svg"),
    ],
)
def test_pictures(capsys, runs, tmp_path, monkeypatch, arguments, name):
    monkeypatch.chdir(tmp_path)
    needs_runs = arguments[0] in ("graph", "curves", "surprise")
    out = out_of(capsys, "draw", *arguments, *(["--runs", str(runs)] if needs_runs else []))
    assert out == f"Wrote {name}; open it in a browser.\n"
    assert Path(name).read_text(encoding="utf-8").startswith("<svg ")


def test_a_large_graph_is_drawn_by_its_modules_with_as_many_levels_as_are_asked_for(
    capsys, runs, tmp_path
):
    path, where = tmp_path / "gpt.svg", ["--runs", str(runs), "-o", str(tmp_path / "gpt.svg")]
    out_of(capsys, "draw", "graph", "gpt", *where)
    opened = path.read_text(encoding="utf-8")
    assert "3 more alike" in opened
    assert ">qkv<" in opened
    out_of(capsys, "draw", "graph", "gpt", "--depth", "1", *where)
    closed = path.read_text(encoding="utf-8")
    assert ">blocks.3<" in closed
    assert ">qkv<" not in closed
    out_of(capsys, "draw", "graph", "small", *where)
    assert ">grad<" in path.read_text(encoding="utf-8")  # small enough for all its numbers


def test_the_picture_goes_where_it_should(capsys, tmp_path):
    path = tmp_path / "mine.svg"
    out_of(capsys, "draw", "lol", "-o", str(path))
    assert path.exists()
    assert main(["draw", "lol", "-o", str(tmp_path / "mine.gif")]) == 2
    assert "end the name with .svg" in capsys.readouterr().err
    assert main(["draw", "lol", "-o", str(tmp_path / "no" / "mine.svg")]) == 1
    assert main(["draw", "graph", "bigram-counts", "--runs", str(tmp_path)]) == 2
    capsys.readouterr()
    assert main(["draw", "lool"]) == 2
    assert capsys.readouterr().err == "Error: no command 'lool'; did you mean 'lol'?\n"


def test_draw_alone_says_what_can_be_drawn(capsys):
    out = out_of(capsys, "draw")
    assert all(f"\n  {name} " in out for name in ("lol", "graph", "bigram", "curves", "surprise"))


def test_the_models_and_their_settings(capsys):
    out = out_of(capsys, "models")
    assert all(f"\n{name} " in f"\n{out}" for name in ("bigram", "mlp", "gpt"))
    assert "Radford et al. 2019" in out
    settings = out_of(capsys, "models", "mlp")
    assert "model.block_size = 3" in settings
    assert "training.steps = " in settings
    assert "training.compile = true " in settings  # as it is typed
    assert re.search(r"^model.h = 200 +# hidden units$", settings, re.MULTILINE)
    assert max(map(len, settings.splitlines())) <= 80
    described = json.loads(out_of(capsys, "models", "--json"))
    assert [model["name"] for model in described] == ["bigram-counts", "bigram", "mlp", "gpt"]
    assert (
        json.loads(out_of(capsys, "models", "mlp", "--json"))["defaults"]["model"]["name"] == "mlp"
    )
    assert main(["models", "mpl"]) == 2
    assert "did you mean 'mlp'?" in capsys.readouterr().err


def test_the_doctor_finds_this_machine_well(capsys, tmp_path):
    report = json.loads(out_of(capsys, "doctor", "--runs", str(tmp_path), "--json"))
    assert report["well"] is True
    found = {finding["what"]: finding for finding in report["findings"]}
    assert "agree with finite differences" in found["gradients"]["found"]
    assert "29,910 first names" in found["names"]["found"]
    assert found["runs folder"]["state"] == "ok"
    assert found["compiler"]["state"] == "ok"
    assert "LLVM" in found["compiler"]["found"]
    assert "All is well." in out_of(capsys, "doctor", "--runs", str(tmp_path))


def test_the_doctor_says_what_to_do(capsys, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["doctor", "--runs", str(tmp_path / "file" / "runs")]) == 1
    out = capsys.readouterr().out
    assert "problem  runs folder" in out
    assert "-> choose a folder you may write with --runs FOLDER" in out
