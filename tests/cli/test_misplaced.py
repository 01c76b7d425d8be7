"""Settings typed as options are answered with the words to type, which are then accepted."""

import re
import shlex

import pytest

from gradatim.cli import main


def refused(capsys, arguments):
    assert main(shlex.split(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("train gpt --n_layer 2", "--set model.n_layer=2"),
        ("train gpt --n-layer 2", "--set model.n_layer=2"),
        ("train gpt --n_layer=2 --n_head 4", "--set model.n_layer=2 --set model.n_head=4"),
        ("train --batch_size 3", "--set training.batch_size=3"),
        ("train --data.split_seed 3", "--set data.split_seed=3"),
        ("train --compile mlp", "--set training.compile=true"),
        ("train --compile no mlp", "--set training.compile=no"),
        ("train --weight_decay -1", "--set training.weight_decay=-1"),
        ("train --optimizer", "--set training.optimizer=VALUE"),
        ("train --optimizer 'a b'", "--set 'training.optimizer=a b'"),
        ("train gpt n_layer=2", "--set model.n_layer=2"),
        ("train gpt --set n_layer 2", "--set model.n_layer=2"),
        ("train --set clip=1 --seed 1 --h 3", "--set model.h=3"),
        ("train --resume x --n_layer 2", "--set model.n_layer=2"),
        ("explain mlp --h 3", "--set model.h=3"),
    ],
)
def test_a_setting_typed_as_an_option(capsys, typed, instead):
    err = refused(capsys, typed)
    assert f"settings are given with --set: write {instead} instead of " in err


@pytest.mark.parametrize(
    ("typed", "guess"),
    [
        ("train --lr 0.1", "--set training.learning_rate=0.1"),
        ("train -lr 0.1", "--set training.learning_rate=0.1"),
        ("train --training.lr 0.1", "--set training.learning_rate=0.1"),
        ("train gpt --n_leyer 2", "--set model.n_layer=2"),
        ("explain gpt --n_leyer 2", "--set model.n_layer=2"),
        ("explain mlp --batchsize 3", "--set training.batch_size=3"),
    ],
)
def test_one_with_a_slip(capsys, typed, guess):
    assert f"; did you mean {guess} instead of " in refused(capsys, typed)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("train --stpes 3", "no such option '--stpes'; did you mean '--steps'?"),
        ("train --sampels 3", "no such option '--sampels'; did you mean '--samples'?"),
        ("train mlp --n_layer 2", "mlp has no setting 'n_layer', only gpt"),
        ("train --model gpt", "MODEL needs no option: gradatim train gpt"),
        (
            "train gpt --xyzzy 3",
            "there is no option and no setting '--xyzzy'; gradatim train --help",
        ),
        ("train mlp gpt", "got unexpected extra argument (gpt); gradatim train --help shows how"),
        ("train --set lr=0.1", "--set: unknown key 'lr'; did you mean 'learning_rate'?"),
    ],
)
def test_what_is_no_setting(capsys, typed, message):
    assert message in refused(capsys, typed)


def test_the_words_to_type_are_accepted(capsys, tmp_path, words):
    common = ["--steps", "1", "--samples", "0", "--no-compile", "--runs", str(tmp_path)]
    common += ["--data", str(words)]
    assert main(["train", "mlp", "--h", "5", *common]) == 2
    (instead,) = re.findall(r"write (.*) instead of", capsys.readouterr().err)
    assert main(["train", "mlp", *shlex.split(instead), *common]) == 0
