-- The tables of vpopmail in SQLite.
-- Names of columns are those of the C library, which can read and write these tables.

-- table vpopmail
CREATE TABLE IF NOT EXISTS vpopmail (
    pw_name         TEXT NOT NULL,
    pw_domain       TEXT NOT NULL,
    pw_passwd       TEXT,
    pw_uid          INTEGER,
    pw_gid          INTEGER,
    pw_gecos        TEXT,
    pw_dir          TEXT,
    pw_shell        TEXT,
    pw_clear_passwd TEXT,
    PRIMARY KEY (pw_name, pw_domain)
);
CREATE INDEX IF NOT EXISTS vpopmail_by_domain ON vpopmail (pw_domain, pw_name);

-- table dir_control
CREATE TABLE IF NOT EXISTS dir_control (
    domain       TEXT NOT NULL PRIMARY KEY,
    cur_users    INTEGER,
    level_cur    INTEGER,
    level_max    INTEGER,
    level_start0 INTEGER,
    level_start1 INTEGER,
    level_start2 INTEGER,
    level_end0   INTEGER,
    level_end1   INTEGER,
    level_end2   INTEGER,
    level_mod0   INTEGER,
    level_mod1   INTEGER,
    level_mod2   INTEGER,
    level_index0 INTEGER,
    level_index1 INTEGER,
    level_index2 INTEGER,
    the_dir      TEXT
);

-- table lastauth
CREATE TABLE IF NOT EXISTS lastauth (
    user      TEXT NOT NULL,
    domain    TEXT NOT NULL,
    remote_ip TEXT NOT NULL,
    timestamp INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user, domain)
);

-- table valias
CREATE TABLE IF NOT EXISTS valias (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    alias       TEXT NOT NULL,
    domain      TEXT NOT NULL,
    valias_line TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS valias_alias ON valias (alias, domain);

-- table limits
CREATE TABLE IF NOT EXISTS limits (
    domain                   TEXT NOT NULL PRIMARY KEY,
    maxpopaccounts           INTEGER NOT NULL DEFAULT -1,
    maxaliases               INTEGER NOT NULL DEFAULT -1,
    maxforwards              INTEGER NOT NULL DEFAULT -1,
    maxautoresponders        INTEGER NOT NULL DEFAULT -1,
    maxmailinglists          INTEGER NOT NULL DEFAULT -1,
    diskquota                INTEGER NOT NULL DEFAULT 0,
    maxmsgcount              INTEGER NOT NULL DEFAULT 0,
    defaultquota             INTEGER NOT NULL DEFAULT 0,
    defaultmaxmsgcount       INTEGER NOT NULL DEFAULT 0,
    disable_pop              INTEGER NOT NULL DEFAULT 0,
    disable_imap             INTEGER NOT NULL DEFAULT 0,
    disable_dialup           INTEGER NOT NULL DEFAULT 0,
    disable_passwordchanging INTEGER NOT NULL DEFAULT 0,
    disable_webmail          INTEGER NOT NULL DEFAULT 0,
    disable_relay            INTEGER NOT NULL DEFAULT 0,
    disable_smtp             INTEGER NOT NULL DEFAULT 0,
    disable_spamassassin     INTEGER NOT NULL DEFAULT 0,
    delete_spam              INTEGER NOT NULL DEFAULT 0,
    disable_maildrop         INTEGER NOT NULL DEFAULT 0,
    perm_account             INTEGER NOT NULL DEFAULT 0,
    perm_alias               INTEGER NOT NULL DEFAULT 0,
    perm_forward             INTEGER NOT NULL DEFAULT 0,
    perm_autoresponder       INTEGER NOT NULL DEFAULT 0,
    perm_maillist            INTEGER NOT NULL DEFAULT 0,
    perm_quota               INTEGER NOT NULL DEFAULT 0,
    perm_defaultquota        INTEGER NOT NULL DEFAULT 0
);

-- table vlog
CREATE TABLE IF NOT EXISTS vlog (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    user      TEXT,
    passwd    TEXT,
    domain    TEXT,
    logon     TEXT,
    remoteip  TEXT,
    message   TEXT,
    timestamp INTEGER NOT NULL DEFAULT 0,
    error     INTEGER
);
CREATE INDEX IF NOT EXISTS vlog_user ON vlog (user, domain);
CREATE INDEX IF NOT EXISTS vlog_domain ON vlog (domain);
CREATE INDEX IF NOT EXISTS vlog_remoteip ON vlog (remoteip);
CREATE INDEX IF NOT EXISTS vlog_timestamp ON vlog (timestamp);

-- table ip_alias_map
CREATE TABLE IF NOT EXISTS ip_alias_map (
    ip_addr TEXT NOT NULL PRIMARY KEY,
    domain  TEXT
);

-- table relay
CREATE TABLE IF NOT EXISTS relay (
    ip_addr   TEXT NOT NULL PRIMARY KEY,
    timestamp INTEGER
);

-- table aliasdomains
CREATE TABLE IF NOT EXISTS aliasdomains (
    alias  TEXT NOT NULL PRIMARY KEY,
    domain TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS aliasdomains_domain ON aliasdomains (domain);
