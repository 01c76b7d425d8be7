from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradatim.training.config import (
    DataConfig,
    RunConfig,
    TrainingConfig,
    apply_pairs,
    apply_tables,
    known_keys,
)
from gradatim.training.convert import convert
from gradatim.training.errors import BadUse
from gradatim.training.toml import read_toml, write_toml


@dataclass(frozen=True)
class Inner:
    gain: float = 1.0


@dataclass(frozen=True)
class Config:
    hidden: int = 200
    widths: tuple[int, ...] = (8, 8)
    direct: bool = False
    dropout: float | None = None
    inner: Inner = Inner()

    def __post_init__(self):
        if self.hidden < 1:
            raise ValueError(f"hidden must be at least 1, got {self.hidden}")


BASE = RunConfig("mlp", Config())


def test_later_sources_replace_single_values():
    config = apply_tables(BASE, {"training": {"steps": 5, "learning_rate": 1}}, source="run.toml")
    config = apply_pairs(config, ["training.steps=7", "hidden=3"])
    assert (config.training.steps, config.training.learning_rate) == (7, 1.0)
    assert config.model.hidden == 3
    assert config.data == DataConfig()


def test_every_field_type_is_read_from_text():
    pairs = ["widths=4, 5", "direct=yes", "dropout=0.1", "model.inner.gain=2", "optimizer=sgd"]
    config = apply_pairs(BASE, pairs)
    assert config.model == Config(widths=(4, 5), direct=True, dropout=0.1, inner=Inner(gain=2.0))
    assert config.training.optimizer == "sgd"
    assert apply_pairs(config, ["dropout=none"]).model.dropout is None


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("stesp=1", "--set: unknown key 'stesp'; did you mean 'steps'?"),
        ("training.stesp=1", "unknown key 'training.stesp'; did you mean 'training.steps'?"),
        ("gain", "--set wants key=value, got 'gain', for example --set steps=5000"),
        ("=3", "--set wants key=value"),
        ("steps=ten", "your settings: training.steps wants a whole number, got 'ten'"),
        ("steps=1.5", "wants a whole number, got '1.5'"),
        ("steps=0", "training.steps must be at least 1, got 0"),
        ("learning_rate=fast", "wants a number, got 'fast'"),
        ("learning_rate=nan", "wants a finite number, got 'nan'"),
        ("learning_rate=-1", "learning_rate must be a positive finite number, got -1.0"),
        ("momentum=1", "training.momentum must be at least 0 and below 1, got 1.0"),
        ("optimizer=adamx", "wants one of sgd, adam, adamw, got 'adamx'; did you mean 'adam'?"),
        ("direct=perhaps", "wants true or false, got 'perhaps'"),
        ("widths=4,x", "model.widths wants a whole number, got 'x'"),
        ("hidden=0", "[model] hidden must be at least 1, got 0"),
        ("xyzzy=1", "unknown key 'xyzzy'; known: model.hidden, "),
    ],
)
def test_a_mistake_on_the_command_line_is_named(pair, message):
    with pytest.raises(BadUse) as error:
        apply_pairs(BASE, [pair])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"trainign": {}}, "unknown table 'trainign'; did you mean 'training'?"),
        ({"steps": 5}, "'steps' is outside its table; write [training] on a line above it"),
        ({"training": 3}, "'training' must be a table, write [training] on its own line"),
        ({"training": {"steps": "5"}}, None),
        ({"training": {"steps": True}}, "training.steps wants a whole number, got True"),
        ({"training": {"steps": 2.0}}, "training.steps wants a whole number, got 2.0"),
        ({"training": {"optimizer": 3}}, "wants one of sgd, adam, adamw, got 3"),
        ({"training": {"clip": 10**400}}, "training.clip wants a finite number, got 1000"),
        ({"data": {"file": 3}}, "data.file wants a text, got 3"),
        ({"model": {"widths": 3}}, "model.widths wants a list such as 64,32, got 3"),
        ({"model": {"inner": 3}}, "'model.inner' must be a table of keys, got 3"),
        ({"model": {"name": "bigram"}}, "is for the model 'bigram', but the model asked for"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_the_file(tables, message):
    if message is None:
        assert apply_tables(BASE, tables, source="x.toml").training.steps == 5
        return
    with pytest.raises(BadUse) as error:
        apply_tables(BASE, tables, source="x.toml")
    assert str(error.value).startswith("x.toml: ")
    assert message in str(error.value)


def test_a_key_that_two_tables_have_must_name_its_table():
    @dataclass(frozen=True)
    class Clashing:
        steps: int = 3

    config = RunConfig("x", Clashing())
    with pytest.raises(BadUse, match=r"several tables have it; write one of model.steps, training"):
        apply_pairs(config, ["steps=4"])
    assert apply_pairs(config, ["model.steps=4"]).model.steps == 4


def test_known_keys_include_those_of_nested_tables():
    assert {"model.inner.gain", "data.file", "training.steps"} <= set(known_keys(BASE))


def test_the_written_config_reads_back_equal(tmp_path):
    config = apply_pairs(BASE, ['file=a "quoted" \\ näme.txt', "dropout=0.25", "widths="])
    path = tmp_path / "config.toml"
    path.write_text(write_toml(config.tables()), encoding="utf-8")
    assert apply_tables(BASE, read_toml(path), source="config.toml") == config


@settings(max_examples=200)
@given(
    text=st.text(st.characters(codec="utf-8")),
    number=st.integers(-(2**63), 2**63 - 1),
    fraction=st.floats(allow_nan=False, allow_infinity=False),
)
def test_any_value_survives_toml(text, number, fraction):
    import tomllib

    table = {"t": {"text": text, "n": number, "f": fraction, "b": True, "l": [1, 2]}}
    assert tomllib.loads(write_toml(table)) == table


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"steps = = 3\n", "not valid TOML: Invalid value (at line 1, column 9)"),
        (b"[training]\nsteps = 3\nsteps = 4\n", "line 3"),
        (b"steps = " + b"9" * 5000, "not valid TOML: Exceeds the limit"),
        (b"steps = " + b"[" * 5000, "not valid TOML: maximum recursion depth"),
        (b"\xff\xfe", "not UTF-8 text (byte 0); save it as UTF-8"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path, content, message):
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    with pytest.raises(BadUse) as error:
        read_toml(path)
    assert str(path) in str(error.value)
    assert message in str(error.value)


def test_a_byte_order_mark_is_no_part_of_the_settings(tmp_path):
    (tmp_path / "run.toml").write_bytes(b"\xef\xbb\xbf[training]\nsteps = 3\n")
    assert read_toml(tmp_path / "run.toml") == {"training": {"steps": 3}}


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(BadUse, match="no such config file"):
        read_toml(tmp_path / "none.toml")
    with pytest.raises(BadUse, match="is a folder; give a TOML file"):
        read_toml(tmp_path)


def test_a_type_without_written_form_is_refused_not_guessed():
    with pytest.raises(BadUse, match="x cannot be set"):
        convert("3", dict[str, int], where="x")


def test_the_defaults_are_valid():
    assert TrainingConfig().steps > 0
