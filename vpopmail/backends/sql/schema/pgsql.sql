-- The tables of vpopmail in PostgreSQL.
-- Names of columns are those of the C library, which can read and write these tables.

-- table vpopmail
CREATE TABLE IF NOT EXISTS vpopmail (
    pw_name         varchar(64) NOT NULL,
    pw_domain       varchar(96) NOT NULL,
    pw_passwd       varchar(255),
    pw_uid          integer,
    pw_gid          integer,
    pw_gecos        varchar(64),
    pw_dir          varchar(160),
    pw_shell        varchar(20),
    pw_clear_passwd varchar(128),
    PRIMARY KEY (pw_name, pw_domain)
);
CREATE INDEX IF NOT EXISTS vpopmail_by_domain ON vpopmail (pw_domain, pw_name);

-- table dir_control
CREATE TABLE IF NOT EXISTS dir_control (
    domain       varchar(96) NOT NULL PRIMARY KEY,
    cur_users    integer,
    level_cur    integer,
    level_max    integer,
    level_start0 integer,
    level_start1 integer,
    level_start2 integer,
    level_end0   integer,
    level_end1   integer,
    level_end2   integer,
    level_mod0   integer,
    level_mod1   integer,
    level_mod2   integer,
    level_index0 integer,
    level_index1 integer,
    level_index2 integer,
    the_dir      varchar(160)
);

-- table lastauth
CREATE TABLE IF NOT EXISTS lastauth (
    userid    varchar(64) NOT NULL,
    domain    varchar(96) NOT NULL,
    remote_ip varchar(39) NOT NULL,
    "timestamp" bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (userid, domain)
);

-- table valias
CREATE TABLE IF NOT EXISTS valias (
    id          bigserial PRIMARY KEY,
    alias       varchar(64) NOT NULL,
    domain      varchar(96) NOT NULL,
    valias_line text NOT NULL
);
CREATE INDEX IF NOT EXISTS valias_alias ON valias (alias, domain);

-- table limits
CREATE TABLE IF NOT EXISTS limits (
    domain                   varchar(96) NOT NULL PRIMARY KEY,
    maxpopaccounts           integer NOT NULL DEFAULT -1,
    maxaliases               integer NOT NULL DEFAULT -1,
    maxforwards              integer NOT NULL DEFAULT -1,
    maxautoresponders        integer NOT NULL DEFAULT -1,
    maxmailinglists          integer NOT NULL DEFAULT -1,
    diskquota                bigint NOT NULL DEFAULT 0,
    maxmsgcount              bigint NOT NULL DEFAULT 0,
    defaultquota             bigint NOT NULL DEFAULT 0,
    defaultmaxmsgcount       bigint NOT NULL DEFAULT 0,
    disable_pop              integer NOT NULL DEFAULT 0,
    disable_imap             integer NOT NULL DEFAULT 0,
    disable_dialup           integer NOT NULL DEFAULT 0,
    disable_passwordchanging integer NOT NULL DEFAULT 0,
    disable_webmail          integer NOT NULL DEFAULT 0,
    disable_relay            integer NOT NULL DEFAULT 0,
    disable_smtp             integer NOT NULL DEFAULT 0,
    disable_spamassassin     integer NOT NULL DEFAULT 0,
    delete_spam              integer NOT NULL DEFAULT 0,
    disable_maildrop         integer NOT NULL DEFAULT 0,
    perm_account             integer NOT NULL DEFAULT 0,
    perm_alias               integer NOT NULL DEFAULT 0,
    perm_forward             integer NOT NULL DEFAULT 0,
    perm_autoresponder       integer NOT NULL DEFAULT 0,
    perm_maillist            integer NOT NULL DEFAULT 0,
    perm_quota               integer NOT NULL DEFAULT 0,
    perm_defaultquota        integer NOT NULL DEFAULT 0
);

-- table vlog
CREATE TABLE IF NOT EXISTS vlog (
    id          bigserial PRIMARY KEY,
    userid      varchar(64),
    passwd      varchar(128),
    domain      varchar(96),
    logon       varchar(255),
    remoteip    varchar(39),
    message     varchar(512),
    "timestamp" bigint NOT NULL DEFAULT 0,
    error       integer
);
CREATE INDEX IF NOT EXISTS vlog_user ON vlog (userid, domain);
CREATE INDEX IF NOT EXISTS vlog_domain ON vlog (domain);
CREATE INDEX IF NOT EXISTS vlog_remoteip ON vlog (remoteip);
CREATE INDEX IF NOT EXISTS vlog_timestamp ON vlog ("timestamp");

-- table ip_alias_map
CREATE TABLE IF NOT EXISTS ip_alias_map (
    ip_addr varchar(39) NOT NULL PRIMARY KEY,
    domain  varchar(96)
);

-- table relay
CREATE TABLE IF NOT EXISTS relay (
    ip_addr     varchar(39) NOT NULL PRIMARY KEY,
    "timestamp" bigint NOT NULL DEFAULT 0
);

-- table aliasdomains
CREATE TABLE IF NOT EXISTS aliasdomains (
    alias  varchar(96) NOT NULL PRIMARY KEY,
    domain varchar(96) NOT NULL
);
CREATE INDEX IF NOT EXISTS aliasdomains_domain ON aliasdomains (domain);
