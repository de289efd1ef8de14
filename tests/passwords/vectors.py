"""Passwords with crypt strings of other programs: C vpopmail, libxcrypt, PHP's and Drepper's."""

from __future__ import annotations

# password, crypt string
PORTABLE: tuple[tuple[str | bytes, str], ...] = (
    ("rasmuslerdorf", "rl.3StKT.4T8M"),
    ("rasmuslerdorf", "$1$rasmusle$rISCgZzpwk3UhDidwXvin0"),
    ("Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
    (
        "Hello world!",
        (
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOf"
            "aS35inz1"
        ),
    ),
    # recorded from the C library (golden/passwords.json)
    ("secret", "$1$.P4n7qVh$twsAsEOVxO6YgRIFSJIsh/"),
    ("", "$1$kzKpQK7T$UmoDUk10D3wi0mNxp/6Bp/"),
    ("p" * 128, "$1$z/wmLDZ3$sYT1RGM7lj4x2qzduldXO1"),
    ("with:colon", "$1$/7wnC6fC$fTZ4omC05XWcXmFbRjkAV0"),
    (b"\xe9", "$1$Xl0gbXOL$cHb7s4bTDFt1CsvS7hizs/"),
    # bytes that are not UTF-8: a client that sends latin-1 (cross-checked with passlib)
    (b"\xe9t\xe9", "$1$abcdefgh$W/7mHAv25Ldz987uZByo91"),
    # salts shorter and longer than ours, rounds written out
    ("secret", "$1$$ysVNzQc4CTMkp5daOdZ.3/"),
    ("secret", "$5$rounds=1000$foreignsalt$HkbD8dkiG.3/ibCK1/lBTqLQQ.0RA0kTDQKfFWmt3zD"),
    (
        "secret",
        (
            "$6$rounds=5000$abcdefghijklmnop$J/AWykHqo2Tx5UtavGnFc3ytI33la50JpzLTarSWVhkIXK6wOjNwwZjsrIw2"
            "UgmrER2EKrSHCeQyAINEEXAk1/"
        ),
    ),
    (
        "p" * 100,
        (
            "$6$abcdefgh$kpTLTt/vdfwQAAW51hVcdXw8nIOfbLIwdWN/FhBOXAzMRLsxtw20rZc6eI..ngQem.nNTtMks9wxwrLO"
            "EyWcR0"
        ),
    ),
    (
        "ÿé",
        (
            "$6$abcdefgh$YWyNWQ0v9iNGZIneKVaNPherDKKb2FapsOzJYs.KtF00Dah.s/X7zM0RuPZAxZjGOAwd.7KRFzBGj4.6"
            "Guo9N/"
        ),
    ),
)

# What libxcrypt knows beyond that; other hosts may not.
OF_LIBXCRYPT: tuple[tuple[str, str], ...] = (
    ("secret", "$y$j75$abcdefgh$uMUXG79B2cFpoAYyDccUnsaH/aGTyBYMlnQidzyag01"),
    ("secret", "$y$j9T$abcdefgh$IUWJt2doU4Kf6E/JP1UkAT3S5O3Q7SSA8SJirXIlEu9"),
    ("secret", "$gy$j75$abcdefgh$lRD8hCfuUnaykqHEd24aR4OED0E.hiL5k0lM9Kg0qT5"),
    ("secret", "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"),
    ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ("secret", "$7$66..../....abcdefgh$Oew2p52M6uFGy3PHtWP1FQdbBkumI97jB3t7nCk1sH9"),
    ("secret", "$sha1$1000$abcdefgh$ji8ESnkwjcTjo4hThodnLYyi.3yG"),
    ("secret", "$3$$878d8014606cda29677a44efa1353fc7"),
    ("secret", "_J9..abcd/H6HLCcf7nw"),
    ("secret", "$1$a@b$SyNbV/9nhfu/X20ivaU9l1"),
)

# From the test suites of bcrypt and of the Argon2 reference, and from passlib's documentation.
OF_DRIVERS: tuple[tuple[str | bytes, str], ...] = (
    ("Kk4DQuMMfZL9o", "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm"),
    ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
    (b"\xff\xff\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"),
    ("password", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8"),
    ("password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"),
    ("password", "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ"),
    ("password", "$argon2i$v=19$m=512,t=2,p=2$aI2R0hpDyLm3ltLa+1/rvQ$LqPKjd6n8yniKtAithoR7A"),
)

# Crypt strings that a login must not wait for.
HOSTILE = (
    "$5$rounds=1000001$salt$" + "." * 43,
    "$6$rounds=999999999$salt$" + "." * 86,
    "$6$rounds=-1$salt$" + "." * 86,
    "$6$rounds= 9$salt$" + "." * 86,
    "$6$rounds=$salt$" + "." * 86,
    "$6$rounds=5000",
    "$2b$16$" + "." * 53,
    "$2b$31$" + "." * 53,
    "$2b$$",
    "$y$jFT$salt$" + "." * 43,
    "$y$j9z$salt$" + "." * 43,
    "$y$j9T0$salt$" + "." * 43,
    "$y$/9T$salt$" + "." * 43,
    "$y$$",
    "$7$GU..../....salt$" + "." * 43,
    "$7$6U..../1...salt$" + "." * 43,
    "$7$",
    "$sha1$4000000000$salt$" + "." * 28,
    "_zzzzabcd" + "." * 11,
    "$argon2id$v=19$m=262145,t=1,p=1$c2FsdHNhbHQ$AAAAAAAA",
    "$argon2id$v=19$m=262144,t=5,p=1$c2FsdHNhbHQ$AAAAAAAA",
    "$argon2i$m=8,t=4294967295,p=1$c2FsdHNhbHQ$AAAAAAAA",
    "$argon2i$m=512,t=1,p=65$c2FsdHNhbHQ$AAAAAAAA",
    "$argon2i$m=-8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAA",
    "$argon2i$t=1,m=8,p=1$c2FsdHNhbHQ$AAAAAAAA",
    "$argon2i$m=8,t=1,p=1,keyid=x$c2FsdHNhbHQ$AAAAAAAA",
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ",
    "$argon2id$v=19$",
    "$argon2id$v=19",
    "$argon2id$",
)

# What account stores hold for users who may not log in, and plain rubbish.
LOCKED = (
    "",
    "!",
    "!!",
    "*",
    "*0",
    "*1",
    "x",
    "*LK*",
    "NP",
    "$",
    "$$",
    "$1",
    "$1$",
    "$1$salt",
    "$6$",
    "$6$salt$",
    "$9$unknown$" + "." * 22,
    "ab",
    "secret",
    "a:secretsecre",
    "rl.3StKT.4T8M ",
    "rl.3StKT.4T8M\n",
    "rl.3StKT.4T8",
    "rl.3StKT.4T8MM",
    "!rl.3StKT.4T8M",
    "!$1$rasmusle$rISCgZzpwk3UhDidwXvin0",
    "$1$rasmusle$rISCgZzpwk3UhDidwXvin",
    "$1$rasmusle$rISCgZzpwk3UhDidwXvin0x",
    "$1$é$rISCgZzpwk3UhDidwXvin0",
    "{MD5}",
    "{",
    "{}",
    "{}rl.3StKT.4T8M",
    "{CRYPT",
    "{PLAIN}rasmuslerdorf!",
    "{SSHA}MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0",
    "$1$" + "a" * 400,
)
