-- The tables of vpopmail in Sybase ASE.
-- Names of columns are those of the C library, which can read and write these tables.

-- table vpopmail
CREATE TABLE vpopmail (
    pw_name         varchar(64) NOT NULL,
    pw_domain       varchar(96) NOT NULL,
    pw_passwd       varchar(255) NULL,
    pw_uid          int NULL,
    pw_gid          int NULL,
    pw_gecos        varchar(64) NULL,
    pw_dir          varchar(160) NULL,
    pw_shell        varchar(20) NULL,
    pw_clear_passwd varchar(128) NULL,
    PRIMARY KEY (pw_name, pw_domain)
);
CREATE INDEX vpopmail_by_domain ON vpopmail (pw_domain, pw_name);

-- table dir_control
CREATE TABLE dir_control (
    domain       varchar(96) NOT NULL PRIMARY KEY,
    cur_users    int NULL,
    level_cur    int NULL,
    level_max    int NULL,
    level_start0 int NULL,
    level_start1 int NULL,
    level_start2 int NULL,
    level_end0   int NULL,
    level_end1   int NULL,
    level_end2   int NULL,
    level_mod0   int NULL,
    level_mod1   int NULL,
    level_mod2   int NULL,
    level_index0 int NULL,
    level_index1 int NULL,
    level_index2 int NULL,
    the_dir      varchar(160) NULL
);

-- table lastauth
CREATE TABLE lastauth (
    [user]      varchar(64) NOT NULL,
    domain    varchar(96) NOT NULL,
    remote_ip varchar(39) NOT NULL,
    [timestamp] bigint DEFAULT 0 NOT NULL,
    PRIMARY KEY ([user], domain)
);

-- table valias
CREATE TABLE valias (
    id          numeric(18,0) IDENTITY PRIMARY KEY,
    alias       varchar(64) NOT NULL,
    domain      varchar(96) NOT NULL,
    valias_line varchar(1000) NOT NULL
);
CREATE INDEX valias_alias ON valias (alias, domain);

-- table limits
CREATE TABLE limits (
    domain                   varchar(96) NOT NULL PRIMARY KEY,
    maxpopaccounts           int DEFAULT -1 NOT NULL,
    maxaliases               int DEFAULT -1 NOT NULL,
    maxforwards              int DEFAULT -1 NOT NULL,
    maxautoresponders        int DEFAULT -1 NOT NULL,
    maxmailinglists          int DEFAULT -1 NOT NULL,
    diskquota                bigint DEFAULT 0 NOT NULL,
    maxmsgcount              bigint DEFAULT 0 NOT NULL,
    defaultquota             bigint DEFAULT 0 NOT NULL,
    defaultmaxmsgcount       bigint DEFAULT 0 NOT NULL,
    disable_pop              int DEFAULT 0 NOT NULL,
    disable_imap             int DEFAULT 0 NOT NULL,
    disable_dialup           int DEFAULT 0 NOT NULL,
    disable_passwordchanging int DEFAULT 0 NOT NULL,
    disable_webmail          int DEFAULT 0 NOT NULL,
    disable_relay            int DEFAULT 0 NOT NULL,
    disable_smtp             int DEFAULT 0 NOT NULL,
    disable_spamassassin     int DEFAULT 0 NOT NULL,
    delete_spam              int DEFAULT 0 NOT NULL,
    disable_maildrop         int DEFAULT 0 NOT NULL,
    perm_account             int DEFAULT 0 NOT NULL,
    perm_alias               int DEFAULT 0 NOT NULL,
    perm_forward             int DEFAULT 0 NOT NULL,
    perm_autoresponder       int DEFAULT 0 NOT NULL,
    perm_maillist            int DEFAULT 0 NOT NULL,
    perm_quota               int DEFAULT 0 NOT NULL,
    perm_defaultquota        int DEFAULT 0 NOT NULL
);

-- table vlog
CREATE TABLE vlog (
    id          numeric(18,0) IDENTITY PRIMARY KEY,
    [user]      varchar(64) NULL,
    passwd      varchar(128) NULL,
    domain      varchar(96) NULL,
    logon       varchar(255) NULL,
    remoteip    varchar(39) NULL,
    message     varchar(512) NULL,
    [timestamp] bigint DEFAULT 0 NOT NULL,
    error       int NULL
);
CREATE INDEX vlog_user ON vlog ([user], domain);
CREATE INDEX vlog_domain ON vlog (domain);
CREATE INDEX vlog_remoteip ON vlog (remoteip);
CREATE INDEX vlog_timestamp ON vlog ([timestamp]);

-- table ip_alias_map
CREATE TABLE ip_alias_map (
    ip_addr varchar(39) NOT NULL PRIMARY KEY,
    domain  varchar(96) NULL
);

-- table relay
CREATE TABLE relay (
    ip_addr     varchar(39) NOT NULL PRIMARY KEY,
    [timestamp] bigint DEFAULT 0 NOT NULL
);

-- table aliasdomains
CREATE TABLE aliasdomains (
    alias  varchar(96) NOT NULL PRIMARY KEY,
    domain varchar(96) NOT NULL
);
CREATE INDEX aliasdomains_domain ON aliasdomains (domain);
