"""`gradatim draw regions`: a count, and a picture."""

import pytest

from gradatim.cli import main


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--built"], "161,051 linear regions between 0 and 1; 471 parameters can make 161,051"),
        (["--built", "--width", "3", "--layers", "2"], "16 linear regions between 0 and 1"),
        (["--seed", "1"], "regions between -3 and 3; 471 parameters can make 161,051"),
        (["--inputs", "2", "--width", "6", "--layers", "2"], "67 parameters can make 352"),
        (["--layers", "300"], "32,921 parameters can make 2.62e+312"),
    ],
)
def test_regions_are_counted_and_drawn(capsys, tmp_path, options, said):
    picture = tmp_path / "regions.svg"
    assert main(["draw", "regions", *options, "-o", str(picture)]) == 0
    assert said in capsys.readouterr().out
    drawn = picture.read_text(encoding="utf-8")
    assert "linear regions" in drawn
    kind = "built to fold" if "--built" in options else "with random weights"
    assert f"ReLUs, {kind}</text>" in drawn


def test_a_single_region_is_one(capsys, tmp_path):
    picture = tmp_path / "regions.svg"
    assert main(["draw", "regions", "--width", "1", "--layers", "1", "-o", str(picture)]) == 0
    assert "1 linear region between -3 and 3; 4 parameters can make 2" in capsys.readouterr().out
    assert "1 linear region<" in picture.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--built", "--width", "2"], "--built needs --width 3 or more, got 2"),
        (["--built", "--inputs", "2"], "--built folds a line; leave out --inputs 2"),
        (["--built", "--width", "1000"], "layer 2 has too many regions for the memory of a usual"),
    ],
)
def test_what_cannot_be_built_says_why(capsys, options, said):
    assert main(["draw", "regions", *options]) == 2
    assert said in capsys.readouterr().err
