"""Training a GPT on words and on text, and what it is asked afterwards, from the command line."""

import io
import json
import math
import shutil
from contextlib import contextmanager
from dataclasses import replace

import pytest
from rich.cells import cell_len

from gradatim.cli import main
from gradatim.compiler import attempt
from gradatim.data.text import token_cache
from gradatim.data.tokenizers import BPETokenizer
from gradatim.models.generation import Writer
from gradatim.training.errors import BadUse
from gradatim.training.metrics import read_metrics
from gradatim.training.runs import open_run
from gradatim.training.settings import configured, find_model
from gradatim.training.tasks import SampleRequest
from gradatim.training.trained import fresh, load_trained

SMALL = ["n_layer=1", "n_head=2", "n_embd=8", "batch_size=4", "eval_interval=10"]
POEM = "In winter the ☃ of the town\nhas a nose that is orange and brown;\n" * 40


def options(*pairs):
    return [part for pair in pairs for part in ("--set", pair)]


def train(root, *arguments, pairs=(), compiled=False):
    mode = [] if compiled else ["--no-compile"]
    given = ["--runs", str(root), *options(*SMALL, *pairs), *mode, *arguments]
    return main(["train", "gpt", *given])


@pytest.fixture(scope="module")
def poem(tmp_path_factory):
    path = tmp_path_factory.mktemp("poem") / "poem.txt"
    path.write_text(POEM, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def root(tmp_path_factory, words, poem):
    """Runs `words` and `chars`, `pairs` and `listed` of text, each trained a little."""
    root = tmp_path_factory.mktemp("gpt")
    common = ["--samples", "0", "--steps", "20"]
    text = ["--data", str(poem), *common]
    sizes = ["block_size=12"]
    assert train(root, "--data", str(words), "--name", "words", *common, pairs=["form=words"]) == 0
    assert train(root, *text, "--name", "chars", pairs=sizes) == 0
    bpe = [*sizes, "tokenizer=bpe", "vocab_size=270"]
    assert train(root, *text, "--name", "pairs", pairs=bpe) == 0
    return root


def asked(capsys, command, root, *arguments):
    capsys.readouterr()
    assert main([command, *arguments, "--runs", str(root)]) == 0
    return capsys.readouterr()


def state(root, name):
    (*_, last) = sorted((root / name / "checkpoints").iterdir())
    return (last / "state.safetensors").read_bytes()


def losses(root, name):
    times = ("seconds", "steps_per_second")
    return [
        {key: value for key, value in record.items() if key not in times}
        for record in read_metrics(root / name / "metrics.jsonl")
    ]


@pytest.mark.parametrize(
    ("data", "pairs", "compiled"),
    [
        ("words", ["form=words"], False),
        ("words", ["form=words", "dropout=0.1"], True),
        ("poem", ["block_size=12", "dropout=0.1"], False),
        ("poem", ["block_size=12", "tokenizer=bpe", "vocab_size=270"], True),
    ],
)
def test_going_on_is_bitwise_never_having_stopped(tmp_path, words, poem, data, pairs, compiled):
    file = ["--data", str({"words": words, "poem": poem}[data]), "--samples", "0"]
    pairs = [*pairs, "checkpoint_interval=10", "log_interval=7"]
    for name in ("whole", "stopped"):
        where = [*file, "--name", name, "--steps", "40"]
        assert train(tmp_path, *where, pairs=pairs, compiled=compiled) == 0
    stopped = open_run(tmp_path, "stopped")
    for step in stopped.steps()[1:]:  # as if it had been killed after the first that is left
        shutil.rmtree(stopped.checkpoints / f"step-{step:08d}")
    assert main(["train", "--runs", str(tmp_path), "--resume", "stopped", "--samples", "0"]) == 0
    assert state(tmp_path, "stopped") == state(tmp_path, "whole")
    assert losses(tmp_path, "stopped") == losses(tmp_path, "whole")


def test_the_end_of_a_training_says_what_was_learned(capsys, tmp_path, poem):
    pairs = ["block_size=12", "tokenizer=bpe", "vocab_size=270"]
    assert train(tmp_path, "--data", str(poem), "--steps", "10", pairs=pairs) == 0
    out = capsys.readouterr().out
    assert "2,340 of 2,600 characters of poem.txt (270 tokens: byte pairs)" in out
    assert "loss: mean negative log likelihood of the next token, in nats" in out
    dev = next(line for line in out.splitlines() if line.startswith("dev "))
    assert dev.endswith(" per letter")
    assert out.splitlines()[-1].startswith("Next: gradatim sample")


def test_words_are_whole_and_text_goes_on(capsys, root):
    out, err = asked(capsys, "sample", root, "words", "-n", "7", "--seed", "1")
    assert out.count("\n") == 7
    assert err == ""
    out, _ = asked(capsys, "sample", root, "chars", "--seed", "1", "--max-tokens", "40")
    assert len(out) == 41
    assert set(out) <= set(POEM)
    two, _ = asked(capsys, "sample", root, "chars", "-n", "2", "--max-tokens", "9", "--seed", "1")
    assert two[9:14] == "\n---\n"


@pytest.mark.parametrize("name", ["words", "chars", "pairs"])
def test_samples_begin_with_their_prompt_and_repeat_by_their_seed(capsys, root, name):
    given = [name, "--prompt", "an", "-n", "3", "--max-tokens", "8", "--json"]
    key = "words" if name == "words" else "texts"
    runs = [
        json.loads(asked(capsys, "sample", root, *given, "--seed", seed, *more).out)[key]
        for seed, more in (("1", []), ("1", []), ("1", ["--no-compile"]), ("2", []))
    ]
    assert runs[0] == runs[1] == runs[2]
    assert runs[0] != runs[3]
    assert all(sample.startswith("an") for sample in runs[0])
    likeliest = json.loads(asked(capsys, "sample", root, *given, "--top-k", "1").out)[key]
    assert likeliest == 3 * json.loads(asked(capsys, "sample", root, *given, "--greedy").out)[key]
    asked(capsys, "sample", root, *given, "--top-p", "0.5", "--temperature", "0.7")


def test_a_character_of_several_tokens_is_printed_whole(capsys, root):
    trained = load_trained(open_run(root, "pairs"), compiled=False)
    numbers = trained.language_model.tokenizer.encode("a☃b")
    assert len(numbers) == 5  # the snowman is three bytes, and no pair of them is frequent enough
    assert list(trained.language_model.tokenizer.stream(numbers)) == ["a", "☃", "b"]


def test_a_prompt_longer_than_the_context_is_said_once_and_its_end_counts(capsys, root):
    prompt = "the town has a nose that is brown"
    some = ["-n", "2", "--seed", "3", "--max-tokens", "20"]
    long = asked(capsys, "sample", root, "chars", "--prompt", prompt, *some)
    assert long.err.count("\n") == 1
    assert "has 33 tokens, but the model's context is 12: only the last 12 count" in long.err
    short = asked(capsys, "sample", root, "chars", "--prompt", prompt[-12:], *some)
    assert short.err == ""
    assert long.out.replace(prompt, prompt[-12:]) == short.out


@pytest.mark.parametrize(
    ("name", "prompt"), [("chars", "the town"), ("chars", "t"), ("words", "a")]
)
def test_nothing_is_compiled_once_a_text_has_begun(monkeypatch, root, name, prompt):
    compilations = []

    @contextmanager
    def announced(text):
        compilations.append(text)
        yield

    monkeypatch.setattr(attempt, "announced", announced)
    model = load_trained(open_run(root, name)).language_model
    model.writer = Writer(model.model)  # the runs here are eager
    (pieces,) = model.samples(SampleRequest(prompt=prompt, count=1, max_tokens=20, seed=1))
    assert next(pieces) == prompt
    assert compilations
    before = list(compilations)
    list(pieces)
    assert compilations == before


def test_the_start_of_a_word_counts_with_its_prompt(capsys, root):
    context = load_trained(open_run(root, "words"), compiled=False).model.config.block_size
    full = asked(capsys, "sample", root, "words", "--prompt", "an" * (context // 2), "-n", "1")
    said = f"has {context + 1} tokens with the start of the word, but the model's context is"
    assert f"{said} {context}: only the last {context} count" in full.err
    short = asked(capsys, "sample", root, "words", "--prompt", "a" * (context - 1), "-n", "1")
    assert short.err == ""


def piped(monkeypatch, given):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given), encoding="ascii"))


def test_a_prompt_is_read_from_standard_input(capsys, monkeypatch, root):
    some = ["--seed", "3", "--max-tokens", "20"]
    for prompt in ("the ☃ has\na n", "the town\n"):
        typed = asked(capsys, "sample", root, "chars", "--prompt", prompt, *some)
        piped(monkeypatch, f"{prompt}\n".replace("\n", "\r\n").encode())
        assert asked(capsys, "sample", root, "chars", "--prompt", "-", *some) == typed


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (b"", "the prompt from standard input is empty; give a text"),
        (b"the town\nhas \xff", "standard input, line 2: byte 0xff is not UTF-8"),
    ],
)
def test_a_piped_prompt_that_is_no_text_is_refused(capsys, monkeypatch, root, given, message):
    piped(monkeypatch, given)
    assert main(["sample", "chars", "--prompt", "-", "--runs", str(root)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err


def test_surprise_of_words_and_of_text(capsys, root):
    word = json.loads(asked(capsys, "surprise", root, "anna", "--run", "words", "--json").out)
    assert [row["is_end"] for row in word["letters"]] == [False] * 4 + [True]
    long = "town has a nose that is orange and brown"
    text = json.loads(asked(capsys, "surprise", root, long, "--run", "chars", "--json").out)
    assert "".join(row["letter"] for row in text["letters"]) == long[1:]
    assert all(row["surprise"] > 0 for row in text["letters"])
    out = asked(capsys, "surprise", root, "the town", "--run", "pairs").out
    assert "' t'" in out or "' to" in out


def test_tokens_that_are_parts_of_a_character_are_named_by_their_bytes(capsys, root):
    rows = json.loads(asked(capsys, "surprise", root, "a ☕", "--run", "pairs", "--json").out)
    assert [row["letter"] for row in rows["letters"]][-3:] == [" <0xE2>", "<0x98>", "<0x95>"]
    assert "<0x98>" in asked(capsys, "surprise", root, "a ☕", "--run", "pairs").out
    head, *rows, _ = asked(capsys, "surprise", root, "a ☕", "--run", "pairs").out.splitlines()
    assert head.startswith("token ")
    assert {cell_len(row[: row.index(" 0.")]) for row in rows} == {head.index("     p")}


def test_the_surprise_of_tokens_is_drawn_with_their_names(capsys, root, tmp_path):
    path = tmp_path / "x.svg"
    where = ["--runs", str(root), "-o", str(path)]
    assert main(["draw", "surprise", "the town", "--run", "pairs", *where]) == 0
    picture = path.read_text(encoding="utf-8")
    assert "Surprise of “the town”" in picture
    assert "' t" in picture


def test_surprise_is_the_loss(capsys, root, poem):
    trained = load_trained(open_run(root, "chars"), compiled=False)
    letters = trained.surprise(POEM[:13])
    (loss,) = trained.losses_on_file(poem).values()
    mean = sum(letter.surprise for letter in letters) / 12
    assert loss == pytest.approx(mean, rel=0.2)


def test_losses_are_those_of_the_training_and_of_letters(capsys, root):
    for name in ("words", "chars", "pairs"):
        result = json.loads(asked(capsys, "eval", root, name, "--json").out)
        final = losses(root, name)[-1]
        assert {f"{s}_loss": loss for s, loss in result["losses"].items()}.items() <= final.items()
        assert ("per_letter" in result) == (name == "pairs")
    assert result["per_letter"]["dev"] < result["losses"]["dev"]
    assert "per letter" in asked(capsys, "eval", root, "pairs").out


def test_a_very_large_split_is_looked_at_in_part_which_is_said(capsys, tmp_path, poem, monkeypatch):
    monkeypatch.setattr("gradatim.training.losses.ENOUGH", 500)
    given = ["--data", str(poem), "--steps", "20", "--samples", "0", "--name", "large"]
    assert train(tmp_path, *given, pairs=["block_size=12"]) == 0
    assert "in nats; of train that of 500, spread evenly\n" in capsys.readouterr().out
    last = losses(tmp_path, "large")[-1]
    found = json.loads(asked(capsys, "eval", tmp_path, "--json").out)["losses"]
    assert found == {split: last[f"{split}_loss"] for split in ("train", "dev", "test")}


def test_another_file_is_taken_as_the_first_was(capsys, root, poem, words, tmp_path):
    out = asked(capsys, "eval", root, "chars", "--data", str(poem), "--json").out
    assert list(json.loads(out)["losses"]) == ["poem.txt"]
    path = tmp_path / "other.txt"
    path.write_text("anna\nlea\n", encoding="utf-8")
    asked(capsys, "eval", root, "words", "--data", str(path))
    path.write_text("zz" * 30, encoding="utf-8")
    assert main(["eval", "chars", "--runs", str(root), "--data", str(path)]) == 2
    assert "'z' at place 1" in capsys.readouterr().err


def test_a_model_of_the_embedded_names_takes_a_file_as_words_too(tmp_path):
    path = tmp_path / "other.txt"
    path.write_text("anna\nlea\n", encoding="utf-8")
    made = fresh("gpt")
    eager = replace(made.config, training=replace(made.config.training, compile=False))
    found = replace(made, config=eager).losses_on_file(str(path))
    assert found == {"other.txt": pytest.approx(math.log(27), rel=0.1)}


def test_the_embedded_names_are_refused_by_a_model_of_text(capsys, root):
    assert main(["eval", "chars", "--runs", str(root), "--data", "names"]) == 2
    assert "names are words, and the model learned running text" in capsys.readouterr().err


def test_a_seed_that_no_generator_takes_is_a_wrong_use(capsys, root):
    assert main(["sample", "chars", "--runs", str(root), "--seed", str(2**64)]) == 2
    assert "--seed" in capsys.readouterr().err


def test_a_saved_tokeniser_serves_another_training(capsys, root, tmp_path, poem):
    path = tmp_path / "mine.json"
    BPETokenizer.train(POEM, 265).save(path)
    pairs = ["block_size=12", f"tokenizer={path}"]
    assert train(tmp_path, "--data", str(poem), "--steps", "5", pairs=pairs) == 0
    assert "(265 tokens: byte pairs)" in capsys.readouterr().out
    assert path.read_bytes() == (tmp_path / "gpt-1" / "tokenizer.json").read_bytes()
    path.write_text(path.read_text(encoding="ascii").replace('"257', '"258'), encoding="ascii")
    assert train(tmp_path, "--data", str(poem), "--steps", "5", pairs=pairs) == 2
    assert "mine.json was altered: its checksum differs" in capsys.readouterr().err
    assert main(["sample", "gpt-1", "--runs", str(tmp_path)]) == 0  # the run has its own copy


@pytest.mark.parametrize(
    ("arguments", "pairs", "message"),
    [
        (["--data", "POEM"], ["block_size=200"], "the dev part of poem.txt has 130 tokens, and a"),
        (["--data", "POEM"], ["block_size=9999"], "the dev part of poem.txt has 130 tokens, and a"),
        (["--data", "POEM"], ["tokenizer=bpe", "vocab_size=99"], "at least 256 tokens"),
        (["--data", "POEM"], ["tokenizer=bpe", "vocab_size=27"], "size=27; give 256 or more"),
        (["--data", "POEM"], ["tokenizer=bpe", "vocab_size=5000"], "not for 5000; set vocab_size="),
        (["--data", "POEM"], ["tokenizer=bpf"], "it is char, bpe, or a .json file; did you mean"),
        (["--data", "POEM"], ["tokenizer=none.json"], "the tokeniser none.json cannot be read"),
        (["--data", "POEM"], ["vocab_size=99"], "the tokeniser of poem.txt has"),
        (["--data", "WORDS"], ["form=words", "block_size=4"], "'alan' has 4 tokens, which with"),
        (["--data", "none.txt"], [], "there is no file none.txt"),
        ([], ["n_head=3"], "n_head must divide n_embd"),
        ([], ["form=text"], "the built-in names are words"),
        (
            ["--data", "english"],
            ["form=words"],
            "english is running text, and gpt with form=words learns words",
        ),
        ([], ["decay=biases"], "training.decay wants one of all, matrices"),
        ([], ["beta2=1"], "training.beta2 must be at least 0 and below 1"),
    ],
)
def test_bad_use_is_one_line_and_leaves_no_run(
    capsys, tmp_path, poem, words, arguments, pairs, message
):
    files = {"POEM": str(poem), "WORDS": str(words)}
    given = [files.get(argument, argument) for argument in arguments]
    assert train(tmp_path / "runs", *given, pairs=pairs) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["sample", "chars", "--prompt", "ané"], "'é' (U+00E9) at place 3 of 'ané' is not"),
        (["sample", "words", "--prompt", "x"], "'x' at place 1 of 'x' is not among the"),
        (["sample", "pairs", "--prompt", "\udcff"], "is half a character"),
        (["surprise", "I", "--run", "chars"], "is too short; the surprise needs at least two"),
        (["surprise", "", "--run", "words"], "is too short; the surprise needs at least a letter"),
        (["sample", "chars", "--greedy", "--top-k", "3"], "--greedy draws nothing"),
        (["sample", "chars", "--top-p", "0"], "0 is not in the range"),
        (
            ["train", "--resume", "pairs", "--set", "tokenizer=char"],
            "tokenizer of run 'pairs' stays",
        ),
        (
            ["train", "--resume", "chars", "--set", "decay=all"],
            "decay of run 'chars' stays",
        ),
        (["train", "--resume", "chars", "--data", "english"], "another text than that one"),
    ],
)
def test_bad_questions_are_one_line(capsys, root, command, message):
    assert main([*command, "--runs", str(root)]) == 2
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert (out, len(lines)) == ("", 1)
    assert message in err


def test_two_settings_that_only_make_sense_together(tmp_path, poem):
    pairs = ["block_size=12", "n_head=3", "n_embd=9"]
    assert train(tmp_path, "--data", str(poem), "--steps", "2", "--samples", "0", pairs=pairs) == 0


def test_settings_are_judged_by_the_recipe_of_the_data():
    entry = find_model("gpt")
    text = ["data.file=english", "n_head=128"]  # the width is 64 for names, and 128 for text
    assert configured(entry, text).model.n_head == 128
    with pytest.raises(BadUse, match="got 128 heads and a width of 64"):
        configured(entry, ["n_head=128"])
    with pytest.raises(BadUse, match="got 3 heads and a width of 128"):
        configured(entry, ["n_head=3"], tables={"data": {"file": "english"}})


def test_every_model_of_tokens_has_its_own_recipe_for_text(capsys):
    described = json.loads(asked_models(capsys, "gpt", "--json"))
    names, text = described["variants"]
    assert (names["data"], text["data"]) == ("names", "text")
    assert names["defaults"]["training"]["clip"] == text["defaults"]["training"]["clip"] == 1.0
    out = asked_models(capsys, "gpt")
    assert 'data.tokenizer = "char" ' in out
    assert "With --data english, where it is not the same:" in out


def asked_models(capsys, *arguments):
    capsys.readouterr()
    assert main(["models", *arguments]) == 0
    return capsys.readouterr().out


def test_a_run_finds_the_tokens_of_its_text(tmp_path, poem, monkeypatch):
    def refuse(*_):
        raise AssertionError("they were made again")

    monkeypatch.setattr(token_cache, "CACHED_FROM", 10)
    pairs = ["block_size=12", "tokenizer=bpe", "vocab_size=270"]
    given = ["--data", str(poem), "--name", "x", "--steps", "2", "--samples", "0"]
    assert train(tmp_path, *given, pairs=pairs) == 0
    assert len(list((tmp_path / "x").glob("tokens-*.bin"))) == 3
    monkeypatch.setattr(token_cache, "tokens_of", refuse)
    runs = ["--runs", str(tmp_path)]
    resume = ["train", "--resume", "x", "--steps", "4", "--samples", "0", "--no-compile"]
    assert main([*resume, *runs]) == 0
    assert main(["eval", "x", *runs]) == 0
