"""`gradatim train` as a user types it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from gradatim.cli import main
from gradatim.compiler.machine import engine
from gradatim.training.checkpoint import save_checkpoint
from gradatim.training.config import TrainingConfig
from gradatim.training.metrics import read_metrics
from gradatim.training.runs import open_run

SMALL = ["--set", "h=8", "--set", "batch_size=16"]
PLAIN = "--no-compile"  # what is not about compiling need not wait for it


def train(root, words, *arguments, compiled=False):
    where = ["--runs", str(root), "--data", str(words)]
    return main(["train", "mlp", *where, *SMALL, *arguments, *([] if compiled else [PLAIN])])


def state(root, name):
    run = open_run(root, name)
    return {key: array.tobytes() for key, array in run.load().arrays.items()}


def losses(root, name):
    drop = ("seconds", "steps_per_second")
    records = read_metrics(open_run(root, name).metrics)
    return [{k: v for k, v in record.items() if k not in drop} for record in records]


def test_the_end_has_losses_speed_words_and_the_next_command(capsys, tmp_path, words):
    assert train(tmp_path, words, "--steps", "40", "--samples", "7") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "mlp with 381 parameters on 48 of 60 words of words.txt" in out
    assert re.search(r"^train +\d\.\d{4}$", out, re.MULTILINE)
    assert re.search(r"^dev +\d\.\d{4}", out, re.MULTILINE)
    assert re.search(r"^test +\d\.\d{4}$", out, re.MULTILINE)
    assert re.search(
        r"^40 steps in .* s; once under way .* steps/s, .* examples/s$", out, re.MULTILINE
    )
    assert f"\nNext: gradatim sample {tmp_path / 'mlp-1'} --temperature" in out
    block = out.split("\n\n")[-2]
    assert len(block.split()) <= 7  # a word may be empty
    assert set(block) <= set("abdeln \n")


def test_a_pipe_gets_one_line_per_interval(capsys, tmp_path, words):
    assert train(tmp_path, words, "--steps", "40", "--set", "eval_interval=10") == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("step ")]
    assert [line.split()[1] for line in lines] == ["0", "10", "20", "30", "40"]


@pytest.mark.parametrize("steps", [1, 10, 19, 20, 30, 39, 100, 399, 20_000])
def test_a_log_without_settings_has_at_most_20_lines(steps):
    settings = TrainingConfig(steps=steps).resolved()
    lines = {step for step in range(1, steps + 1) if step % settings.eval_interval == 0}
    assert min(steps, 10) <= len(lines | {steps}) <= 20


def test_fewer_steps_than_were_done_are_refused(capsys, tmp_path, words):
    assert train(tmp_path, words, "--steps", "20", "--name", "x", "--samples", "0") == 0
    resume = ["train", "--runs", str(tmp_path), "--resume", "x"]
    before = open_run(tmp_path, "x").config.read_bytes()
    capsys.readouterr()
    assert main([*resume, "--steps", "10"]) == 2
    err = capsys.readouterr().err
    assert "run 'x' has done 20 steps, and training.steps=10 is fewer: ask for more" in err
    assert "gradatim eval" in err
    assert open_run(tmp_path, "x").config.read_bytes() == before
    assert main([*resume, "--steps", "20", "--samples", "0"]) == 0


def test_json_is_one_document_and_progress_goes_to_stderr(capsys, tmp_path, words):
    assert train(tmp_path, words, "--steps", "20", "--samples", "3", "--json") == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert (result["run"], result["state"], result["step"]) == ("mlp-1", "finished", 20)
    assert set(result["losses"]) == {"train", "dev", "test"}
    assert len(result["samples"]) == 3
    assert "step " in err


@pytest.mark.parametrize("mode", ["compile=true", "compile=false"])
@pytest.mark.parametrize("model", ["bigram", "mlp"])
def test_going_on_is_bitwise_never_having_stopped(tmp_path, words, model, mode):
    settings = ["--set", "schedule=constant", "--set", "log_interval=7", "--set", mode]
    settings += ["--samples", "0"]
    arguments = [*settings, "--set", "checkpoint_interval=10", "--set", "eval_interval=10"]
    pairs = [] if model == "mlp" else ["--set", "batch_size=16"]

    def run(*more):
        given = ["--runs", str(tmp_path), "--data", str(words), *more]
        return main(["train", model, *given, *arguments, *pairs])

    assert run("--steps", "60", "--name", "whole") == 0
    assert run("--steps", "60", "--name", "stopped") == 0
    stopped = open_run(tmp_path, "stopped")
    for step in stopped.steps()[1:]:  # as if it had been killed after the first that is left
        shutil.rmtree(stopped.checkpoints / f"step-{step:08d}")
    assert main(["train", "--runs", str(tmp_path), "--resume", "stopped", "--samples", "0"]) == 0
    assert state(tmp_path, "stopped") == state(tmp_path, "whole")
    assert losses(tmp_path, "stopped") == losses(tmp_path, "whole")


def test_a_run_keeps_its_mode_unless_another_is_asked_for(tmp_path, words):
    train(tmp_path, words, "--steps", "2", "--name", "x", "--samples", "0", compiled=True)
    config = open_run(tmp_path, "x").config
    assert "\ncompile = true\n" in config.read_text(encoding="utf-8")
    resume = ["train", "--runs", str(tmp_path), "--resume", "x", "--samples", "0"]
    modes = (([PLAIN], "false"), ([], "false"), (["--set", "compile=1"], "true"))
    for steps, (mode, expected) in enumerate(modes, 3):
        assert main([*resume, "--steps", str(steps), *mode]) == 0
        assert f"\ncompile = {expected}\n" in config.read_text(encoding="utf-8")


def test_what_cannot_be_compiled_is_said_once_on_stderr(capsys, tmp_path, words, monkeypatch):
    monkeypatch.setattr(engine, "available", lambda: "there is no llvmlite")
    assert train(tmp_path, words, "--steps", "20", compiled=True) == 0
    out, err = capsys.readouterr()
    assert "dev" in out
    line = "not compiled but run as it is written, which takes longer (there is no llvmlite)"
    assert err == f"Warning: {line}.\n"


def test_a_longer_run_with_another_rate_goes_on_from_the_end(capsys, tmp_path, words):
    train(tmp_path, words, "--steps", "20", "--name", "x", "--samples", "0")
    resume = ["train", "--runs", str(tmp_path), "--resume", "x", "--samples", "0"]
    assert main([*resume, "--steps", "30", "--set", "learning_rate=0.5"]) == 0
    assert "going on after step 20 of 30" in capsys.readouterr().out
    run = open_run(tmp_path, "x")
    assert run.load().step == 30
    assert "learning_rate = 0.5" in run.config.read_text(encoding="utf-8")


def test_a_counted_model_takes_one_step(capsys, tmp_path, words):
    assert main(["train", "bigram-counts", "--runs", str(tmp_path), "--data", str(words)]) == 0
    assert "1 step in" in capsys.readouterr().out
    assert open_run(tmp_path, "bigram-counts-1").load().step == 1


def test_a_counted_model_may_find_a_letter_impossible(capsys, tmp_path, words):
    path = tmp_path / "words.txt"
    path.write_text("\n".join("abcdefghijkl") + "\n", encoding="utf-8")
    settings = ["--set", "smoothing=0", "--steps", "3", "--samples", "0", "--set", "log_interval=9"]
    where = ["--runs", str(tmp_path), "--data", str(path), PLAIN]
    assert main(["train", "bigram-counts", *where, *settings, "--json"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out)["losses"]["dev"] == "Infinity"
    assert main(["eval", "--runs", str(tmp_path), "--split", "dev"]) == 0
    assert capsys.readouterr().out == "dev    inf   perplexity inf\n"
    assert main(["surprise", "b", "--runs", str(tmp_path)]) == 0


def test_a_run_repeats_from_its_own_config(tmp_path, words):
    train(tmp_path, words, "--steps", "20", "--name", "one", "--samples", "0", "--seed", "5")
    config = str(tmp_path / "one" / "config.toml")
    common = ["--runs", str(tmp_path), "--samples", "0"]
    assert main(["train", "--config", config, "--name", "two", *common]) == 0
    assert state(tmp_path, "one") == state(tmp_path, "two")


def test_a_run_from_before_some_settings_existed_goes_on(tmp_path, words):
    settings = ["--samples", "0", "--set", "checkpoint_interval=10"]
    for name in ("whole", "old"):
        train(tmp_path, words, "--steps", "20", "--name", name, *settings)
    run = open_run(tmp_path, "old")
    for step in run.steps()[2:]:
        shutil.rmtree(run.checkpoints / f"step-{step:08d}")
    now = run.load()
    config = {name: dict(table) for name, table in now.config.items()}
    for key in ("decay", "beta1", "beta2"):
        del config["training"][key]
    save_checkpoint(run.checkpoints, replace(now, config=config))
    assert 0 < now.step < 20
    assert main(["train", "--runs", str(tmp_path), "--resume", "old", "--samples", "0"]) == 0
    assert state(tmp_path, "old") == state(tmp_path, "whole")


def test_other_seeds_give_other_runs(tmp_path, words):
    for seed in ("1", "2"):
        train(tmp_path, words, "--steps", "5", "--name", f"s{seed}", "--seed", seed)
    assert state(tmp_path, "s1") != state(tmp_path, "s2")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mlpp"], "no model 'mlpp'; did you mean 'mlp'?"),
        (["mlp", "--set", "blok_size=3"], "unknown key 'blok_size'; did you mean 'block_size'?"),
        (["mlp", "--steps", "many"], "training.steps wants a whole number, got 'many'"),
        (["mlp", "--steps", "0"], "training.steps must be at least 1, got 0"),
        (
            ["mlp", "--set", "batch_size=99999999999"],
            "is 99,999,999,999: such a batch takes 4,000 GB",
        ),
        (["gpt", "--set", "batch_size=99999999999"], "by itself, but this machine has "),
        (["mlp", "--seed", "-1"], "training.seed must not be negative, got -1"),
        (["mlp", "--config", "none.toml"], "none.toml: no such config file"),
        (["mlp", "--data", "none.txt"], "there is no file none.txt"),
        (["mlp", "--name", "a/b"], "'a/b' is no name for a run"),
        (["mlp", "--set", "vocab_size=5"], "model.vocab_size is 5, but names has 27 different"),
        (["--resume", "x"], "no run 'x'"),
        (["--resume", "x", "--name", "y"], "leave out --name"),
        (["mlp", "extra"], "got unexpected extra argument"),
    ],
)
def test_bad_use(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["train", *arguments]) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert err.count("\n") == 1
    assert out == ""
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n\n",
        b"ada\n",
        b"a",
        b"a" * 1_000_000 + b"\n",
        b"ada\n\xff\xfe\xff\nben\nlea\n",
        bytes(range(256)) * 4,
        b"ada\nbe.n\nlea\nana\n",
    ],
    ids=["empty", "empty-lines", "one-word", "one-letter", "megabyte", "not-utf8", "binary", "dot"],
)
def test_a_file_that_is_no_list_of_words_is_one_line(capsys, tmp_path, content):
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    assert main(["train", "mlp", "--data", str(path), "--runs", str(tmp_path / "runs")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("Error: ")
    assert "words.txt" in err
    assert err.count("\n") == 1


def test_a_folder_is_no_list_of_words(capsys, tmp_path):
    assert main(["train", "mlp", "--data", str(tmp_path), "--runs", str(tmp_path / "r")]) == 2
    assert "is a folder; give a text file" in capsys.readouterr().err


def test_letters_of_any_script(capsys, tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("Genève\nZürich\nМосква\n東京\n" * 5, encoding="utf-8")
    assert train(tmp_path / "runs", path, "--steps", "10", "--samples", "5") == 0


def test_a_taken_name_is_refused_and_nothing_is_overwritten(capsys, tmp_path, words):
    train(tmp_path, words, "--steps", "5", "--name", "mine", "--samples", "0")
    before = state(tmp_path, "mine")
    assert train(tmp_path, words, "--steps", "9", "--name", "mine") == 2
    assert (
        f"go on with it: gradatim train --resume {tmp_path / 'mine'}, or choose"
        in capsys.readouterr().err
    )
    assert state(tmp_path, "mine") == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bigram"], "run 'small' is a mlp, not a bigram"),
        (["--set", "h=9"], "model.h of run 'small' stays 8: its weights have that shape"),
        (["--set", "batch_size=99999999999"], "99,999,999,999: such a batch takes 4,000 GB"),
        (["--seed", "9"], "training.seed of run 'small' stays 1: its generator continues"),
        (["--set", "split_seed=9"], "data.split_seed of run 'small' stays 42"),
        (["--data", "names"], "names has other words than those that run 'small' was trained on"),
    ],
)
def test_what_a_run_cannot_change_is_said(capsys, runs, arguments, message):
    before = state(runs, "small")
    assert main(["train", "--runs", str(runs), "--resume", "small", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert state(runs, "small") == before


@pytest.mark.parametrize("compiled", [False, True])
def test_a_learning_rate_that_is_too_large_names_step_and_operation(
    capsys, tmp_path, words, compiled
):
    rate = ["--set", "learning_rate=1e38", "--name", "wild", "--samples", "0"]
    assert train(tmp_path, words, "--steps", "50", *rate, compiled=compiled) == 1
    err = capsys.readouterr().err.splitlines()[-1]
    # Where the rate is made float32 decides whether the update itself is infinite.
    assert re.match(r"Error: step \d+: the .*loss.* became (nan|inf): .* made .*finite", err)
    assert f"gradatim train --resume {tmp_path / 'wild'} --set learning_rate=1e+37" in err
    assert all(np.isfinite(open_run(tmp_path, "wild").load().arrays["model.C.weight"]).ravel())


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to a child")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path, words, number, code):
    command = [sys.executable, "-m", "gradatim", "train", "mlp", "--runs", str(tmp_path)]
    settings = ["--data", str(words), "--steps", "1000000", "--set", "eval_interval=100", *SMALL]
    with subprocess.Popen(
        [*command, *settings, "--name", "x"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("step") for line in lines)
        process.send_signal(number)
        out, err = process.communicate()
    assert (process.returncode, err) == (code, "")
    assert f"Go on with: gradatim train --resume {tmp_path / 'x'}\n" in out
    step = open_run(tmp_path, "x").load().step
    assert f"Stopped after step {step:,} of 1,000,000; it is saved." in out


def test_a_damaged_checkpoint_is_passed_over_and_said(capsys, tmp_path, words):
    train(tmp_path, words, "--steps", "20", "--name", "x", "--samples", "0")
    run = open_run(tmp_path, "x")
    newest = run.checkpoints / f"step-{run.steps()[-1]:08d}" / "state.safetensors"
    newest.write_bytes(newest.read_bytes()[:-5])
    before = run.steps()[-2]
    capsys.readouterr()
    assert main(["train", "--runs", str(tmp_path), "--resume", "x", "--samples", "0"]) == 0
    out, err = capsys.readouterr()
    assert "is truncated" in err
    assert f"going on after step {before} of 20" in out


def test_two_processes_cannot_train_one_run(capsys, runs):
    with open_run(runs, "small").lock():
        assert main(["train", "--runs", str(runs), "--resume", "small"]) == 1
        assert "is in use by another process" in capsys.readouterr().err
        assert main(["train", "bigram", "--runs", str(runs), "--name", "small"]) == 2
        assert capsys.readouterr().err.endswith("running); choose another --name\n")
