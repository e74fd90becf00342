"""Settings: the environment over the file over the defaults; a wrong file is refused with its path and key."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from warning.errors import ConfigError
from warning.settings import ChannelSettings, FeedSettings, RetrySettings, Settings, ZoneSettings, load_settings

BAD = Path(__file__).parents[1] / "data" / "config"


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"XIAOXISHU_{name.upper()}", raising=False)


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "told"), [
    ("misspelt-key", r"misspelt-key\.yaml: retry\.max_attemps: Extra inputs are not permitted"),
    ("status", r"status\.yaml: status: Input should be 'Actual', 'Exercise' or 'Test'"),
    ("batch-zero", r"batch-zero\.yaml: channels\.0\.batch: Input should be greater than or equal to 1"),
    ("channel-twice", r"channel-twice\.yaml: the whole: .*channels: name sms is given twice; each needs its own"),
    ("feed-twice", r"feed-twice\.yaml: the whole: .*feeds: source ec is given twice; each needs its own"),
    ("no-mapping", r"no-mapping\.yaml: the top must be a mapping of settings"),
    ("number-as-key", r"number-as-key\.yaml: the top must be a mapping of settings, each key a word"),
    ("canary-to-everybody", r"canary-to-everybody\.yaml: the whole: .*canary: addresses: speakers: a self-test there would reach everybody"),
    ("map-tiles", r"map-tiles\.yaml: map: .*tiles: give https://host/…/\{z\}/\{x\}/\{y\}\.png, or the path of a \.pmtiles file"),
    ("not-yaml", r"not-yaml\.yaml: is no YAML"),
    ("routes-and-options", r"routes-and-options\.yaml: channels\.0: .*options and routes: with routes each has its own options"),
    ("feed-path", r"feed-path\.yaml: feeds\.0: .*path belong to the kind: write options: \{path: …\}"),
])
def test_a_bad_file_is_refused_with_its_name_and_key(name: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load_settings(BAD / f"bad-settings-{name}.yaml")


def test_every_bad_example_is_tried() -> None:
    assert len(list(BAD.glob("bad-settings-*.yaml"))) == 12


def test_a_file_that_is_not_there_or_not_utf8_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        load_settings(tmp_path / "none.yaml")
    (tmp_path / "gbk.yaml").write_bytes("data: 消息树".encode("gbk"))
    with pytest.raises(ConfigError, match=r"gbk\.yaml: is not UTF-8"):
        load_settings(tmp_path / "gbk.yaml")


def test_a_secret_is_read_from_the_file_that_the_settings_name_wherever_it_stands(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-the-next-province\n", encoding="utf-8")
    named = {"file": str(tmp_path / "token")}
    given = {"secret": named, "partners": [{"name": "zhejiang", "senders": ["33"], "issuer": "310000", "token": named}],
             "channels": [{"name": "hook", "kind": "webhook", "options": {"lane": "exercise", "ed25519_keys": [named]}}]}
    found = load_settings(written(tmp_path, json.dumps(given)), environment=False)
    assert found.secret is not None
    assert [one.get_secret_value() for one in (found.secret, found.partners[0].token)] == ["of-the-next-province"] * 2
    assert found.channels[0].option("ed25519_keys") == ["of-the-next-province"]
    (tmp_path / "token").unlink()
    with pytest.raises(ConfigError, match=r"the secret in .*token cannot be read: No such file"):
        load_settings(tmp_path / "settings.yaml", environment=False)


def test_no_file_and_an_empty_file_are_the_defaults_and_the_defaults_are_a_drill(tmp_path: Path) -> None:
    assert load_settings(None) == load_settings(written(tmp_path, "# nothing\n")) == Settings()
    assert (Settings().status, Settings().allow_private_targets) == ("Exercise", False)


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "concurrency: 2\nanswer_within_s: 60\n")
    monkeypatch.setenv("XIAOXISHU_CONCURRENCY", "9")
    monkeypatch.setenv("XIAOXISHU_RETRY", '{"max_attempts": 3}')
    found = load_settings(path)
    assert (found.concurrency, found.answer_within_s, found.retry.max_attempts) == (9, 60, 3)
    assert found.retry.max_wait_s == RetrySettings().max_wait_s


def test_a_drill_keeps_to_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOXISHU_DATABASE_URL", "postgresql://the-real-one/warning")
    path = written(tmp_path, "database_url: postgresql://drill/warning\n")
    assert load_settings(path, environment=False).database_url == "postgresql://drill/warning"


def test_an_environment_variable_that_is_no_json_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOXISHU_CHANNELS", "sms,email")
    with pytest.raises(ConfigError, match="the environment: .*channels.*written as JSON"):
        load_settings(None)


def test_a_secret_is_not_printed() -> None:
    assert "swordfish" not in repr(Settings.model_validate({"secret": "swordfish-swordfish"}))


def test_a_secret_that_can_be_guessed_is_refused_by_its_key() -> None:
    partner = {"name": "zhejiang", "senders": ["33000041600000"], "issuer": "310000", "token": "fifteen-letters"}
    for given, key in (({"secret": "swordfish"}, "secret"), ({"partners": [partner]}, "partners: zhejiang: token")):
        with pytest.raises(ValidationError, match=f"{key}: at least 16 characters"):
            Settings.model_validate(given)
    assert Settings.model_validate({"partners": [partner | {"token": "sixteen-letters!"}]}).partners[0].token.get_secret_value() == "sixteen-letters!"


@pytest.mark.parametrize("model", [Settings, RetrySettings, ChannelSettings, FeedSettings, ZoneSettings])
def test_every_setting_says_what_it_is_for(model: type[BaseModel]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []
