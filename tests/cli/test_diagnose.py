"""`gradatim diagnose`: tables, pictures, JSON and bad use."""

import json

import pytest

from gradatim.cli import main


def test_a_run_is_examined_on_its_words(capsys, runs, tmp_path):
    picture = tmp_path / "small.svg"
    assert main(["diagnose", "small", "--runs", str(runs), "-o", str(picture)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("signal  kind")
    assert "\ntanh    tanh  " in out
    assert "\ndead units        flat for every example\n" in out
    assert "on the first 256 examples\nnothing looks ill\n" in out
    assert "H.weight" in picture.read_text(encoding="utf-8")


def test_it_says_how_many_examples_there_were(capsys, runs, tmp_path):
    options = ["--examples", "900000", "-o", str(tmp_path / "x.svg")]
    assert main(["diagnose", "small", "--runs", str(runs), *options]) == 0
    assert "on the first 260 examples\n" in capsys.readouterr().out


def test_a_fresh_model_as_json(capsys):
    assert main(["diagnose", "mlp", "--examples", "32", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [signal["name"] for signal in found["signals"]] == ["C", "H", "tanh", "U"]
    assert found["weights"][1]["shape"] == [200, 30]
    assert found["findings"] == []


def test_a_model_without_layers(capsys, tmp_path):
    assert main(["diagnose", "bigram", "-o", str(tmp_path / "bigram.svg")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("weight  shape")
    assert "nothing looks ill" in out


def test_four_deep_networks(capsys, tmp_path):
    picture = tmp_path / "cures.svg"
    assert main(["diagnose", "--depth", "10", "--steps", "60", "-o", str(picture)]) == 0
    printed = capsys.readouterr()
    lines = [line for line in printed.out.splitlines() if line.startswith(("plain", "+ "))]
    assert [line.split(":")[0] for line in lines] == [
        "plain",
        "+ Kaiming",
        "+ normalisation",
        "+ residual",
    ]
    assert "vanishing gradients" in printed.out
    assert "10 layers, + residual: examining, then 60 steps ..." in printed.err
    assert "its autocorrelation, by lag" in picture.read_text(encoding="utf-8")
    assert float(lines[3].rsplit(" ", 1)[1]) < 0.5 < float(lines[0].rsplit(" ", 1)[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bigram-counts"], "bigram-counts is counted, not trained: it has no gradients"),
        (["mpl", "--runs", "none"], "; models are bigram-counts, bigram, mlp, gpt"),
        (["mlp", "-o", "x.gif"], "end the name with .svg"),
        (["-o", "x.gif"], "end the name with .svg"),
        (
            ["mlp", "--checkpoint", "best"],
            "mlp is a new model, which has no checkpoint; give a run",
        ),
        (["mlp", "--examples", "1"], "1 is not in the range x>=2"),
    ],
)
def test_bad_use_is_one_line_before_anything_is_done(capsys, arguments, message):
    assert main(["diagnose", *arguments]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_a_folder_that_does_not_exist_is_said_before_anything_is_done(capsys, tmp_path):
    assert main(["diagnose", "-o", str(tmp_path / "nowhere" / "cures.svg")]) == 1
    printed = capsys.readouterr()
    assert "make it first" in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mlp", "--steps", "5"], "--steps is for the four deep networks"),
        (["mlp", "--depth", "3"], "--depth is for the four deep networks"),
        (["--examples", "5"], "--examples is for a MODEL or RUN"),
    ],
)
def test_an_option_of_the_other_use_is_refused(capsys, words, said):
    assert main(["diagnose", *words]) == 2
    assert said in capsys.readouterr().err
