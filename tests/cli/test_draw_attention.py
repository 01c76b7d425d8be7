"""`gradatim draw attention`."""

import pytest

from gradatim.cli import main


@pytest.fixture(scope="module")
def small_gpt(tmp_path_factory, words):
    root = tmp_path_factory.mktemp("gpts")
    pairs = ["form=words", "n_layer=2", "n_head=2", "n_embd=8", "batch_size=4", "block_size=8"]
    sizes = [part for pair in pairs for part in ("--set", pair)]
    common = ["--runs", str(root), "--data", str(words), "--samples", "0", "--no-compile"]
    assert main(["train", "gpt", "--name", "small", "--steps", "2", *sizes, *common]) == 0
    return root


def test_the_attention_of_a_run_is_drawn(small_gpt, tmp_path, capsys):
    out = tmp_path / "maps.svg"
    picture = ["draw", "attention", "small", "--text", "dana", "--runs", str(small_gpt)]
    assert main([*picture, "-o", str(out)]) == 0
    svg = out.read_text(encoding="utf-8")
    assert "layer 2" in svg
    assert "head 2" in svg
    assert "What each token of “dana” looks at" in svg
    assert "a → d: " in svg
    assert "maps.svg" in capsys.readouterr().out


def test_what_it_cannot_draw_is_said(small_gpt, runs, tmp_path, capsys):
    out = ["-o", str(tmp_path / "maps.svg")]
    assert main(["draw", "attention", "--runs", str(small_gpt), "--text", "a" * 20, *out]) == 2
    err = capsys.readouterr().err
    assert "the text has 21 tokens, but gpt's context is 8; give a shorter --text, or" in err
    assert "gradatim train gpt --set block_size=21" in err
    assert main(["draw", "attention", "--runs", str(small_gpt), "--text", "x?", *out]) != 0
    assert "'x'" in capsys.readouterr().err
    assert main(["draw", "attention", "small", "--runs", str(runs), *out]) == 2
    assert "has no tokens; train one that has: gradatim train gpt" in (capsys.readouterr().err)
