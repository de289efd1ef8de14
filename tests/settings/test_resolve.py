"""Which source wins, what follows from the options, what is refused."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

import pytest

from vpopmail.codes import VA
from vpopmail.errors import ConfigError
from vpopmail.settings import OPTIONS, Settings, resolve

SITE = {"vpopmaildir": "/srv/vpopmail", "vpopuser": 12345, "vpopgroup": 12346}


def test_arguments_win_over_environment_over_file_over_defaults() -> None:
    names = ("relay_clear_minutes", "lock_timeout", "log_name", "logging")
    settings = resolve(
        {**SITE, names[0]: 1},
        {"VPOPMAIL_RELAY_CLEAR_MINUTES": "2", "VPOPMAIL_LOCK_TIMEOUT": "2"},
        {names[0]: 3, names[1]: 3, names[2]: "three"},
    )
    assert [getattr(settings, name) for name in names] == [1, 2, "three", "e"]


def test_the_profile_gives_defaults_only() -> None:
    old = resolve({**SITE, "profile": "5.4"})
    assert (old.md5_passwords, old.sha512_passwords, old.clear_passwd) == (True, False, True)
    new = resolve(SITE)
    assert new.profile == "5.6"
    assert (new.md5_passwords, new.sha512_passwords, new.clear_passwd) == (False, True, False)
    assert resolve({**SITE, "profile": "5.4", "clear_passwd": False}).clear_passwd is False


@pytest.mark.parametrize(("profile", "lengths"), [("5.4", (32, 48, 128)), ("5.6", (64, 64, 128))])
def test_the_profile_gives_the_lengths_of_names(
    profile: str, lengths: tuple[int, int, int]
) -> None:
    settings = resolve({**SITE, "profile": profile})
    assert (settings.max_user_name, settings.max_gecos, settings.max_clear_passwd) == lengths


@pytest.mark.parametrize(
    ("profile", "sha512", "md5", "scheme", "longest"),
    [
        ("5.4", False, True, "md5", 128),
        ("5.4", False, False, "des", 8),
        ("5.4", True, True, "sha512", 128),
        ("5.6", True, False, "sha512", 128),
        ("5.6", False, True, "md5", 128),
        ("5.6", False, False, "des", 50),
    ],
)
def test_the_password_scheme_follows_from_the_switches(
    profile: str, sha512: bool, md5: bool, scheme: str, longest: int
) -> None:
    settings = resolve(
        {**SITE, "profile": profile, "sha512_passwords": sha512, "md5_passwords": md5}
    )
    assert settings.password_scheme == scheme
    assert settings.max_clear_passwd == longest


@pytest.mark.parametrize(
    ("scheme", "longest"),
    [("bcrypt", 72), ("argon2", 128), ("sha512", 128), ("md5", 128), ("des", 8)],
)
def test_a_password_scheme_that_is_named_wins_over_the_switches(scheme: str, longest: int) -> None:
    for sha512, md5 in ((True, True), (False, False)):
        given = {"sha512_passwords": sha512, "md5_passwords": md5, "password_scheme": scheme}
        settings = resolve({**SITE, "profile": "5.4", **given})
        assert (settings.password_scheme, settings.max_clear_passwd) == (scheme, longest)


def test_no_password_scheme_is_the_one_of_the_switches() -> None:
    settings = resolve({**SITE, "password_scheme": ""}, {"VPOPMAIL_PASSWORD_SCHEME": "bcrypt"})
    assert settings.password_scheme == "sha512"


@pytest.mark.parametrize("scheme", ["sha256", "BCRYPT", "clear", " ", None, 6])
def test_another_password_scheme_is_refused(scheme: object) -> None:
    with pytest.raises(ConfigError, match="bcrypt, argon2, sha512, md5, des or nothing"):
        resolve({**SITE, "password_scheme": scheme})


def test_paths_follow_from_the_directories() -> None:
    settings = resolve({**SITE, "qmaildir": "/var/qmail/"})
    assert settings.bindir == "/srv/vpopmail/bin"
    assert settings.tcpserver_file == "/srv/vpopmail/etc/tcp.smtp"
    assert settings.qmail_inject == "/var/qmail/bin/qmail-inject"
    assert settings.domains_path == "/srv/vpopmail/domains"
    assert settings.users_cdb_path == "/var/qmail/users/cdb"
    assert settings.etc_path("vlimits.default") == "/srv/vpopmail/etc/vlimits.default"


def test_given_paths_stay() -> None:
    given = {"bindir": "/opt/bin", "tcpserver_file": "/etc/tcp", "qmail_inject": "/bin/inject"}
    settings = resolve({**SITE, **given, "domains_dir": "d", "qmail_cdb_name": "assign.cdb"})
    assert {name: getattr(settings, name) for name in given} == given
    assert settings.domains_path == "/srv/vpopmail/d"
    assert settings.users_cdb_path == "/var/qmail/users/assign.cdb"


def test_numbers_need_no_entry_in_the_user_database() -> None:
    settings = resolve({"vpopmaildir": "/x", "vpopuser": "54321", "vpopgroup": "54322"})
    assert (settings.uid, settings.gid) == (54321, 54322)
    assert (settings.vpopuser, settings.vpopgroup) == (54321, 54322)


def test_names_give_numbers_home_and_the_own_group() -> None:
    entry = pwd.getpwuid(os.getuid())
    settings = resolve({"vpopuser": entry.pw_name})
    assert (settings.uid, settings.gid) == (entry.pw_uid, entry.pw_gid)
    assert settings.vpopmaildir == entry.pw_dir
    named = resolve({"vpopuser": entry.pw_uid, "vpopgroup": grp.getgrgid(entry.pw_gid).gr_name})
    assert named.gid == settings.gid


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"vpopuser": "no-such-user"}, "vpopuser = 'no-such-user'.*: there is no such user: make it, or name another"),
        ({"vpopuser": 54321, "vpopgroup": 54321}, "vpopmaildir must be given"),
        ({**SITE, "vpopgroup": "no-such-group"}, "vpopgroup = 'no-such-group'"),
    ],
)
def test_a_user_or_group_that_is_not_there_is_named(values: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        resolve(values)


def test_a_number_without_entry_takes_the_group_vchkpw() -> None:
    values = {"vpopmaildir": "/x", "vpopuser": 54321}
    try:
        number = grp.getgrnam("vchkpw").gr_gid
    except KeyError:
        with pytest.raises(ConfigError, match="vpopgroup = 'vchkpw'"):
            resolve(values)
    else:
        assert resolve(values).gid == number


def test_a_user_whose_home_is_no_path_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    homeless = pwd.struct_passwd(("x", "x", 54321, 54321, "", "", ""))
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: homeless)
    with pytest.raises(ConfigError, match="it has no home"):
        resolve({"vpopuser": 54321})


def test_a_home_with_a_slash_at_its_end_loses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = pwd.struct_passwd(("x", "x", 54321, 54321, "", "/home/x/", ""))
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: entry)
    assert resolve({"vpopuser": 54321}).vpopmaildir == "/home/x"


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *((word, True) for word in ("yes", "YES", "true", "on", "1")),
        *((word, False) for word in ("no", "No", "false", "off", "0")),
    ],
)
def test_a_switch_has_many_words_in_the_environment(word: str, value: bool) -> None:
    assert resolve(SITE, {"VPOPMAIL_CLEAR_PASSWD": word}).clear_passwd is value


def test_variables_that_name_no_option_are_left_alone() -> None:
    assert resolve(SITE, {"VPOPMAIL_IMAGE_TAG": "7", "LOGGING": "y"}).logging == "e"


def test_a_path_may_be_a_path_object() -> None:
    assert resolve({**SITE, "vpopmaildir": Path("/srv/x")}).vpopmaildir == "/srv/x"


WRONG: tuple[tuple[str, object], ...] = (
    ("clear_passwd", "maybe"),
    ("clear_passwd", ""),
    ("clear_passwd", 2),
    ("clear_passwd", None),
    ("clear_passwd", 1.0),
    ("relay_clear_minutes", 0),
    ("relay_clear_minutes", "-1"),
    ("relay_clear_minutes", "+1"),
    ("relay_clear_minutes", " 1"),
    ("relay_clear_minutes", "1_0"),
    ("relay_clear_minutes", "٣"),
    ("relay_clear_minutes", "9" * 5000),
    ("relay_clear_minutes", True),
    ("relay_clear_minutes", 1.5),
    ("profile", "5.5"),
    ("profile", 5.6),
    ("logging", "x"),
    ("vpopmaildir", "relative"),
    ("vpopmaildir", "/a/../b"),
    ("vpopmaildir", b"/bytes"),
    ("vpopmaildir", Path("relative")),
    ("qmaildir", ""),
    ("qmaildir", "/a\nb"),
    ("qmaildir", "/a\0b"),
    ("qmaildir", "/a\x85b"),
    ("qmaildir", "/a "),
    ("domains_dir", "a/b"),
    ("domains_dir", "."),
    ("domains_dir", ".."),
    ("domains_dir", ""),
    ("domains_dir", "-x"),
    ("backend", "a b"),
    ("backend", 1),
    ("vpopuser", ""),
    ("vpopuser", "a:b"),
    ("vpopuser", "a/b"),
    ("vpopuser", -1),
    ("vpopuser", 2**32 - 1),
    ("vpopuser", True),
    ("vpopuser", None),
    ("vpopgroup", []),
    ("log_name", ""),
    ("log_name", "a\nb"),
    ("log_name", {}),
)


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_refused_in_one_line(name: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve({**SITE, name: value})
    text = str(caught.value)
    assert caught.value.code == VA.NO_AUTH_CONNECTION
    assert text.startswith(f"argument: {name} = ")
    assert OPTIONS[name].kind.allowed in text
    assert "\n" not in text
    assert len(text) < 250


def test_an_error_names_the_variable() -> None:
    with pytest.raises(ConfigError, match="environment: VPOPMAIL_LOGGING = 'x'"):
        resolve(SITE, {"VPOPMAIL_LOGGING": "x"})


def test_an_error_names_the_file() -> None:
    with pytest.raises(ConfigError, match="/e/v.toml: logging = 'x'"):
        resolve(SITE, None, {"logging": "x"}, "/e/v.toml")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("vpopusr", "did you mean vpopuser?"),
        ("md5_password", "did you mean md5_passwords?"),
        ("incdir_of_mysql", "no such setting"),
    ],
)
def test_an_unknown_option_is_refused_with_the_nearest(name: str, advice: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve({**SITE, name: 1})
    assert advice in str(caught.value)
    with pytest.raises(ConfigError, match=r"v\.toml"):
        resolve(SITE, None, {name: 1}, "v.toml")


def test_the_file_cannot_say_where_it_lies() -> None:
    with pytest.raises(ConfigError, match="VPOPMAIL_VPOPMAILDIR"):
        resolve({}, None, {"vpopmaildir": "/x"})


def test_settings_cannot_be_changed() -> None:
    settings = resolve(SITE)
    with pytest.raises(AttributeError):
        settings.logging = "v"
    with pytest.raises(AttributeError):
        del settings.logging
    with pytest.raises(AttributeError):
        settings.unknown = 1
    assert settings.logging == "e"


def test_settings_are_equal_by_value() -> None:
    settings = resolve(SITE)
    assert settings == resolve(SITE)
    assert hash(settings) == hash(resolve(SITE))
    assert settings != resolve({**SITE, "logging": "n"})
    assert settings != "settings"
    assert repr(settings) == "<Settings cdb /srv/vpopmail /var/qmail 5.6>"


def test_every_setting_has_the_type_it_is_annotated_with() -> None:
    settings = resolve(SITE)
    for name, annotation in Settings.__annotations__.items():
        assert type(getattr(settings, name)).__name__ in annotation, name
