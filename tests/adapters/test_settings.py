from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.adapters.setting_values import DEFAULTS, Value, as_toml, checked, limits, nearest
from skillgit.adapters.settings import FILE, USER_FILE, Settings, describe, load_settings
from skillgit.config import Config, Signals
from skillgit.errors import UsageError


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Settings]:
    """Load from a repository with the given `.skillgit.toml` and so on."""

    def load(
        toml: str = "",
        *,
        options: Mapping[str, object] | None = None,
        environ: Mapping[str, str] | None = None,
        user: str = "",
    ) -> Settings:
        repository = tmp_path / "repo"
        (repository / ".git").mkdir(parents=True, exist_ok=True)
        (repository / FILE).write_text(toml, encoding="utf-8")
        (tmp_path / "user").mkdir(exist_ok=True)
        (tmp_path / "user" / USER_FILE).write_text(user, encoding="utf-8")
        return load_settings(
            repository, options or {}, environ=environ or {}, user_dir=tmp_path / "user"
        )

    return load


def test_without_anything_there_are_the_defaults(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, {}, environ={"HOME": str(tmp_path)})

    assert settings.config == Config()
    assert set(settings.origins.values()) == {"default"}


def test_the_nearer_layer_wins(load: Callable[..., Settings], tmp_path: Path) -> None:
    user = "[consolidate]\nmin_support = 3\nmain_support = 4\nmerge_batch = 5\nmax_lessons = 6\n"
    toml = "[consolidate]\nmin_support = 13\nmain_support = 14\nmerge_batch = 15\n"
    environ = {
        "SKILLGIT_CONSOLIDATE_MIN_SUPPORT": "23",
        "SKILLGIT_CONSOLIDATE_MAIN_SUPPORT": "24",
    }
    options = {"consolidate.min_support": 33, "consolidate.main_support": None}

    settings = load(toml, options=options, environ=environ, user=user)

    found = settings.config.consolidate
    assert (found.min_support, found.main_support) == (33, 24)
    assert (found.merge_batch, found.max_lessons) == (15, 6)
    assert settings.origins["consolidate.min_support"] == "command line"
    assert settings.origins["consolidate.main_support"] == "SKILLGIT_CONSOLIDATE_MAIN_SUPPORT"
    assert settings.origins["consolidate.merge_batch"] == f"{tmp_path}/repo/{FILE}:4"
    assert settings.origins["consolidate.max_lessons"] == f"{tmp_path}/user/{USER_FILE}:5"


def test_the_sampling_of_one_role(load: Callable[..., Settings]) -> None:
    settings = load(
        "[endpoint.merge]\nmax_tokens = 99\n[endpoint]\nerror = {thinking = true, top_k = -1}\n",
        environ={"SKILLGIT_ENDPOINT_SUCCESS_TEMPERATURE": "0.25"},
    )

    endpoint = settings.config.endpoint
    assert endpoint.merge.max_tokens == 99
    assert (endpoint.error.thinking, endpoint.error.top_k) == (True, -1)
    assert endpoint.success.temperature == 0.25
    assert settings.origins["endpoint.error.top_k"].endswith(":4")


def test_the_short_variables_and_what_beats_them(load: Callable[..., Settings]) -> None:
    environ = {
        "SKILLGIT_BASE_URL": "http://short:1/v1",
        "SKILLGIT_MODEL": "short",
        "SKILLGIT_ENDPOINT_MODEL": "long",
        "SKILLGIT_ENDPOINT_SEED": "",
        "SKILLGIT_API_KEY": "sk-1",
        "SKILLGIT_DEBUG": "1",
    }

    settings = load(environ=environ)

    assert settings.config.endpoint.base_url == "http://short:1/v1"
    assert settings.config.endpoint.model == "long"
    assert settings.config.endpoint.seed == Config().endpoint.seed


def test_several_addresses_are_a_list_or_have_blanks_between_them(
    load: Callable[..., Settings],
) -> None:
    both = "http://a:1/v1 http://b:1/v1"
    listed = '[endpoint]\nbase_url = ["http://a:1/v1", "http://b:1/v1"]\n'

    for settings in (
        load(listed),
        load(environ={"SKILLGIT_BASE_URL": both}),
        load(options={"endpoint.base_url": ("http://a:1/v1", "http://b:1/v1")}),
    ):
        assert settings.config.endpoint.base_url == both
    with pytest.raises(UsageError, match="must be an http address"):
        load('[endpoint]\nbase_url = ["http://a:1/v1", "b:1/v1"]\n')
    with pytest.raises(UsageError, match="must be text"):
        load("[endpoint]\nbase_url = []\n")
    with pytest.raises(UsageError, match="must be text"):
        load('[endpoint]\nmodel = ["a", "b"]\n')


def test_text_of_the_environment_and_of_options_is_read(load: Callable[..., Settings]) -> None:
    settings = load(
        environ={"SKILLGIT_COLLECT_REDACT": "No", "SKILLGIT_ENDPOINT_TIMEOUT": "30"},
        options={"analyze.signals": "error", "endpoint.workers": "4"},
    )

    assert settings.config.collect.redact is False
    assert settings.config.endpoint.timeout == 30.0
    assert settings.config.analyze.signals is Signals.ERROR
    assert settings.config.endpoint.workers == 4


# ------------------------------------------------------------------ where files are looked for


def test_a_pyproject_serves_too(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'x'\n\n[tool.skillgit.analyze]\nsignals = 'success'\n", encoding="utf-8"
    )
    below = tmp_path / "skills" / "xlsx"
    below.mkdir(parents=True)

    settings = load_settings(below, {}, environ={"HOME": str(tmp_path)})

    assert settings.config.analyze.signals is Signals.SUCCESS
    assert settings.origins["analyze.signals"] == f"{tmp_path}/pyproject.toml:5"


def test_the_nearest_file_alone_counts_and_other_pyprojects_do_not(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / FILE).write_text("[collect]\nlimit = 1\npass_score = 0.5\n", encoding="utf-8")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[tool.other]\nx = 1\n", encoding="utf-8")

    assert load_settings(inner, {}, environ={"HOME": "/x"}).config.collect.limit == 1

    (inner / FILE).write_text("[collect]\nlimit = 2\n", encoding="utf-8")
    nearest_alone = load_settings(inner, {}, environ={"HOME": "/x"}).config.collect

    assert (nearest_alone.limit, nearest_alone.pass_score) == (2, 1.0)


# ------------------------------------------------------------------ what is hidden


def test_a_repository_cannot_switch_redaction_off_but_a_person_can(
    load: Callable[..., Settings],
) -> None:
    off = "[collect]\nredact = false\n"
    with pytest.raises(UsageError, match=r"may not switch collect\.redact off") as told:
        load(off)
    assert "--no-redact" in told.value.hint
    assert (
        load("[collect]\nredact = true\n", options={"collect.redact": False}).config.collect.redact
        is False
    )
    assert load(user=off).config.collect.redact is False
    assert load(environ={"SKILLGIT_COLLECT_REDACT": "false"}).config.collect.redact is False
    assert load("[collect]\nredact = true\n", user=off).config.collect.redact is True


def test_patterns_of_all_layers_count(load: Callable[..., Settings]) -> None:
    listed = "[collect]\nredact_extra = ['a|b', 'c d']\n"
    assert load(listed).config.collect.redact_extra == "(?:a|b)|(?:c d)"
    one = "[collect]\nredact_extra = 'ACME-[0-9]+'\n"
    assert load(one).config.collect.redact_extra == "ACME-[0-9]+"
    both = load("[collect]\nredact_extra = 'y'\n", user="[collect]\nredact_extra = 'x'\n")
    assert both.config.collect.redact_extra == "(?:x)|(?:y)"
    assert load(one, options={"collect.redact_extra": ("z",)}).config.collect.redact_extra == (
        "(?:ACME-[0-9]+)|(?:z)"
    )


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("(", "missing )"),
        ("a)|(b", "unexpected )"),
        ("(?=x)", "invalid perl operator"),
        (r"(a)\1", "invalid escape"),
        ("x*", "found in an empty line"),
        (" ", "empty"),
        ("(((a{100}){100}){100})", "invalid repetition"),
        ("x" * 30_000, "characters"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_told(
    load: Callable[..., Settings], pattern: str, fault: str
) -> None:
    for options in ({"collect.redact_extra": pattern}, {"collect.redact_extra": ("ok", pattern)}):
        with pytest.raises(UsageError, match="cannot be used") as told:
            load(options=options)
        assert fault in told.value.message
        assert "RE2" in told.value.hint


def test_nothing_above_the_repository_is_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[collect]\nlimit = 1\n", encoding="utf-8")
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    (tmp_path / "loose").mkdir()

    for start in (tmp_path / "repo", tmp_path / "loose"):
        assert load_settings(start, {}, environ={"HOME": "/x"}).config == Config()


def test_the_users_folder_by_xdg(tmp_path: Path) -> None:
    for folder in (tmp_path / ".config" / "skillgit", tmp_path / "xdg" / "skillgit"):
        folder.mkdir(parents=True)
        (folder / USER_FILE).write_text(
            f"[endpoint]\nmodel = '{folder.parent.name}'\n", encoding="utf-8"
        )
    home = {"HOME": str(tmp_path)}

    by_home = load_settings(tmp_path, {}, environ=home)
    by_xdg = load_settings(tmp_path, {}, environ=home | {"XDG_CONFIG_HOME": f"{tmp_path}/xdg"})

    assert by_home.config.endpoint.model == ".config"
    assert by_xdg.config.endpoint.model == "xdg"


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("toml", "message", "hint"),
    [
        ("[endpoint]\nbase_ulr = 'x'", f"{FILE}:2: there is no setting endpoint.base_ulr", "base_"),
        ("model = 'x'", f"{FILE}:1: there is no setting model", "mean endpoint.model"),
        ("[analyze]\nworkers = 3", "no setting analyze.workers", "mean endpoint.workers"),
        ("[endpoint]\nmax-tokens = 3", "no setting endpoint.max-tokens", ".max_tokens?"),
        ("[endpiont]\nmodel = 'x'", f"{FILE}:2: there is no setting endpiont.model", "endpoint.mo"),
        ("[zzz]\n", "there is no setting zzz", "`skillgit config`"),
        ("[endpoint]\napi_key = 'sk-1'", "no setting endpoint.api_key", "SKILLGIT_API_KEY"),
        ("[consolidate]\nmin_support = '3'", "must be a whole number, not '3'", "without quotes"),
        ("[consolidate]\nmin_support = 0", "must be a number from 1 to", "default is 2"),
        ("[consolidate]\nmin_support = 2.5", "must be a whole number, not 2.5", "2"),
        ("[consolidate]\nmin_support = true", "must be a whole number, not True", "2"),
        ("[collect]\nredact = 1", "must be true or false, not 1", "true"),
        ("[collect]\nredact = {a = 1}", "must be true or false, not a table", "true"),
        ("[endpoint.error]\ntemperature = -1", "from 0 to 5, not -1", "0.7"),
        ("[endpoint.error]\ntemperature = nan", "from 0 to 5, not nan", "0.7"),
        ("[endpoint]\ntimeout = inf", "from 0.1 to 86400, not inf", "600"),
        ("[analyze]\nsignals = 'both'", '"error" or "success" or "combined", not', "combined"),
        ("endpoint = 'http://x/v1'", f"{FILE}:1: endpoint is a table", "[endpoint]"),
        ("[endpoint]\nmerge = 5", f"{FILE}:2: endpoint.merge is a table", "[endpoint.merge]"),
        ("[endpoint]\nbase_url = 5", "must be text, not 5", "http"),
        ("[endpoint]\nbase_url = 'host:8000/v1'", "must be an http address", "http://host:8000/v1"),
        ("[endpoint]\nbase_url = 'ftp://u:p@host'", "must be an http address", "127.0.0.1"),
        ("[endpoint]\nbase_url = 'http://h:x/v1'", "endpoint.base_url: ", "/v1"),
        ("[endpoint]\nbase_url = 'http://h/v1/chat/completions'", "goes on after", "/v1"),
        ('[endpoint]\nmodel = "a\\nb"', "control character", "one line"),
        ("[endpoint]\napi_key_env = 'X'", "a repository may not choose", "ENDPOINT_API_KEY_ENV"),
        ("[record]\nbranch_prefix = 'a..b'", "beginning of a branch name", "skillgit"),
        ("[record]\nbranch_prefix = 'x.lock'", "beginning of a branch name", "skillgit"),
        ("[endpoint]\nmodel = qwen", "not TOML: ", "quotes"),
    ],
)
def test_a_file_that_cannot_be_used(
    load: Callable[..., Settings], toml: str, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load(toml)

    assert FILE in caught.value.message
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("environ", "message", "hint"),
    [
        ({"SKILLGIT_ENDPOINT_BASE_ULR": "x"}, "SKILLGIT_ENDPOINT_BASE_ULR", "ENDPOINT_BASE_URL?"),
        ({"SKILLGIT_ANALYZE_ZZZZZZZZZ": "x"}, "SKILLGIT_ANALYZE_ZZZZZZZZZ", "lists every"),
        ({"SKILLGIT_ENDPOINT_WORKERS": "many"}, "SKILLGIT_ENDPOINT_WORKERS: ", "128"),
        ({"SKILLGIT_BASE_URL": "nonsense"}, "SKILLGIT_BASE_URL: ", "http://nonsense"),
        ({"SKILLGIT_COLLECT_REDACT": "maybe"}, "true or false, not 'maybe'", "true"),
    ],
)
def test_a_variable_that_cannot_be_used(
    load: Callable[..., Settings], environ: Mapping[str, str], message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load(environ=environ)

    assert message in caught.value.message
    assert hint in caught.value.hint


def test_an_option_that_cannot_be_used(load: Callable[..., Settings]) -> None:
    with pytest.raises(UsageError, match=r"command line: endpoint\.workers must be a number from"):
        load(options={"endpoint.workers": -1})


def test_a_key_in_the_wrong_place_is_not_shown(load: Callable[..., Settings]) -> None:
    with pytest.raises(UsageError) as caught:
        load(environ={"SKILLGIT_ENDPOINT_API_KEY_ENV": "sk-abc.def"})

    assert "sk-abc" not in caught.value.message + caught.value.hint
    assert "SKILLGIT_API_KEY" in caught.value.hint


@pytest.mark.parametrize(
    "environ",
    [
        {"SKILLGIT_RECALL_API_KEY": "sesame"},
        {"SKILLGIT_RECALL_API_KEY_ENV": "SKILLGIT_RECALL_OURS", "SKILLGIT_RECALL_OURS": "sesame"},
        {"SKILLGIT_ENDPOINT_API_KEY_ENV": "SKILLGIT_AGENT_OURS", "SKILLGIT_AGENT_OURS": "sesame"},
    ],
)
def test_the_variable_that_holds_a_key_is_no_setting_misspelt(
    load: Callable[..., Settings], environ: dict[str, str]
) -> None:
    settings = load(environ=environ)
    assert "sesame" not in repr(settings.config)


def test_the_user_may_choose_the_variable_of_the_key(load: Callable[..., Settings]) -> None:
    settings = load(user="[endpoint]\napi_key_env = 'OPENAI_API_KEY'\n")

    assert settings.config.endpoint.api_key_env == "OPENAI_API_KEY"


def test_a_file_that_is_not_text(load: Callable[..., Settings], tmp_path: Path) -> None:
    load()
    (tmp_path / "repo" / FILE).write_bytes(b"\xff\xfe\x00")

    with pytest.raises(UsageError, match=r"reading .*\.skillgit\.toml"):
        load_settings(tmp_path / "repo", {}, environ={"HOME": "/x"})


def test_a_pyproject_whose_table_is_none(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\nskillgit = 3\n", encoding="utf-8")

    # Written so, it does not even look like ours; written as below, it does.
    assert load_settings(tmp_path, {}, environ={"HOME": "/x"}).config == Config()

    (tmp_path / "pyproject.toml").write_text("tool.skillgit = 3\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"tool\.skillgit is not a table"):
        load_settings(tmp_path, {}, environ={"HOME": "/x"})


@given(st.text(alphabet="abc[]=.\"' \n#{}123", max_size=80))
def test_no_file_whatever_it_holds_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / FILE).write_text(text, encoding="utf-8")

    with contextlib.suppress(UsageError):
        assert load_settings(folder, {}, environ={"HOME": "/x"}).config == Config()


# ------------------------------------------------------------------ the table of settings


def test_every_setting_has_a_type_that_can_be_read_and_every_number_its_limits() -> None:
    for key, default in DEFAULTS.items():
        assert isinstance(default, (str, bool, int, float)), key
        assert checked(key, default, "here") == default
        if isinstance(default, (int, float)) and not isinstance(default, bool):
            assert limits(key)[0] <= default <= limits(key)[1]


def test_every_setting_can_be_set_by_its_variable(load: Callable[..., Settings]) -> None:
    environ = {
        f"SKILLGIT_{key.replace('.', '_').upper()}": str(value)
        for key, value in DEFAULTS.items()
        if value != ""
    }

    settings = load(environ=environ)

    assert settings.config == Config()
    assert set(settings.origins.values()) == {*environ, "default"} - (
        set() if "" in DEFAULTS.values() else {"default"}
    )


@pytest.mark.parametrize("value", [True, False, 3, 0.5, 'a "b" \\ c', Signals.ERROR, ""])
def test_a_value_as_toml_is_read_back(value: Value) -> None:
    assert tomllib.loads(f"x = {as_toml(value)}") == {"x": value}


def test_nearest_prefers_the_same_field() -> None:
    assert nearest("consolidate.merge-batch") == "consolidate.merge_batch"
    assert nearest("analyse.max_lessons") == "analyze.max_lessons"
    assert nearest("qqqqqqqqq") == ""


def test_describe_hides_a_password(load: Callable[..., Settings]) -> None:
    settings = load(environ={"SKILLGIT_BASE_URL": "http://me:secret@host:1/v1"})

    described = {each.key: each for each in describe(settings)}

    assert list(described) == list(DEFAULTS)
    assert described["endpoint.base_url"].value == "http://***@host:1/v1"
    assert described["endpoint.base_url"].origin == "SKILLGIT_BASE_URL"
    assert described["endpoint.merge.max_tokens"].value == 4096

    several = load(environ={"SKILLGIT_BASE_URL": "http://a/v1 https://me:secret@b:1/v1"})
    shown = {each.key: each.value for each in describe(several)}
    assert shown["endpoint.base_url"] == "http://a/v1 https://***@b:1/v1"
