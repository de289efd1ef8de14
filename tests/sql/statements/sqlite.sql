-- alias_domains.all
SELECT "alias", "domain" FROM "aliasdomains" ORDER BY "alias";

-- alias_domains.delete
DELETE FROM "aliasdomains" WHERE "alias" = :alias;

-- aliases.delete
DELETE FROM "valias" WHERE "alias" = :alias AND "domain" = :domain;

-- aliases.find
SELECT * FROM "valias" WHERE "alias" = :alias AND "domain" = :domain;

-- aliases.insert
INSERT INTO "valias" ("alias", "domain", "valias_line") VALUES (:alias, :domain, :line);

-- aliases.insert_typed
INSERT INTO "valias" ("alias", "domain", "valias_line", "valias_type") VALUES (:alias, :domain,
:line, :type);

-- aliases.names
SELECT DISTINCT "alias" FROM "valias" WHERE "domain" = :domain;

-- auth_log.delete
DELETE FROM "vlog" WHERE "user" = :user AND "domain" = :domain;

-- auth_log.first
SELECT MIN("id") FROM "vlog" WHERE "id" > :last AND "timestamp" >= :since;

-- auth_log.forget
DELETE FROM "vlog" WHERE "timestamp" <= :until;

-- auth_log.has
SELECT "id" FROM "vlog" WHERE "timestamp" = :timestamp AND "error" = :error AND "user" = :user AND
"passwd" = :passwd AND "domain" = :domain AND "logon" = :logon AND "remoteip" = :remoteip AND
"message" = :message;

-- auth_log.insert
INSERT INTO "vlog" ("user", "passwd", "domain", "logon", "remoteip", "message", "timestamp",
"error") VALUES (:user, :passwd, :domain, :logon, :remoteip, :message, :timestamp, :error);

-- auth_log.page
SELECT "id", "user", "domain", "logon", "passwd", "remoteip", "message", "timestamp", "error" FROM
"vlog" WHERE "id" >= :first AND "id" < :next AND "timestamp" >= :since ORDER BY "id";

-- begin
BEGIN IMMEDIATE;

-- delete_domain.aliasdomains
DELETE FROM "aliasdomains" WHERE "domain" = :domain;

-- delete_domain.dir_control
DELETE FROM "dir_control" WHERE "domain" = :domain;

-- delete_domain.ip_alias_map
DELETE FROM "ip_alias_map" WHERE "domain" = :domain;

-- delete_domain.lastauth
DELETE FROM "lastauth" WHERE "domain" = :domain;

-- delete_domain.limits
DELETE FROM "limits" WHERE "domain" = :domain;

-- delete_domain.valias
DELETE FROM "valias" WHERE "domain" = :domain;

-- delete_domain.vlog
DELETE FROM "vlog" WHERE "domain" = :domain;

-- dir_control.delete
DELETE FROM "dir_control" WHERE "domain" = :domain;

-- dir_control.find
SELECT "cur_users", "level_cur", "level_max", "level_start0", "level_start1", "level_start2",
"level_end0", "level_end1", "level_end2", "level_mod0", "level_mod1", "level_mod2", "level_index0",
"level_index1", "level_index2", "the_dir" FROM "dir_control" WHERE "domain" = :domain;

-- ip_map.all
SELECT "ip_addr", "domain" FROM "ip_alias_map" ORDER BY "ip_addr";

-- ip_map.delete
DELETE FROM "ip_alias_map" WHERE "ip_addr" = :ip_addr AND "domain" = :domain;

-- ip_map.delete_address
DELETE FROM "ip_alias_map" WHERE "ip_addr" = :ip_addr;

-- ip_map.find
SELECT "domain" FROM "ip_alias_map" WHERE "ip_addr" = :ip_addr;

-- last_auth.delete
DELETE FROM "lastauth" WHERE "user" = :user AND "domain" = :domain;

-- last_auth.find
SELECT "remote_ip", "timestamp" FROM "lastauth" WHERE "user" = :user AND "domain" = :domain;

-- limits.delete
DELETE FROM "limits" WHERE "domain" = :domain;

-- limits.find
SELECT * FROM "limits" WHERE "domain" = :domain;

-- relay.all
SELECT "ip_addr", "timestamp" FROM "relay";

-- relay.delete
DELETE FROM "relay" WHERE "ip_addr" = :ip_addr AND "timestamp" = :timestamp;

-- relay.delete_undated
DELETE FROM "relay" WHERE "ip_addr" = :ip_addr AND "timestamp" IS NULL;

-- relay.has
SELECT "ip_addr" FROM "relay" WHERE "ip_addr" = :ip_addr;

-- relay.insert
INSERT INTO "relay" ("ip_addr", "timestamp") VALUES (:ip_addr, :timestamp);

-- relay.refresh
UPDATE "relay" SET "timestamp" = :timestamp WHERE "ip_addr" = :ip_addr;

-- sqlite.tables
SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type =
'table';

-- upsert.aliasdomains.1
INSERT INTO "aliasdomains" ("alias", "domain") VALUES (:alias, :domain) ON CONFLICT ("alias") DO
UPDATE SET "domain" = excluded."domain";

-- upsert.dir_control.1
INSERT INTO "dir_control" ("domain", "cur_users", "level_cur", "level_max", "level_start0",
"level_start1", "level_start2", "level_end0", "level_end1", "level_end2", "level_mod0",
"level_mod1", "level_mod2", "level_index0", "level_index1", "level_index2", "the_dir") VALUES
(:domain, :cur_users, :level_cur, :level_max, :level_start0, :level_start1, :level_start2,
:level_end0, :level_end1, :level_end2, :level_mod0, :level_mod1, :level_mod2, :level_index0,
:level_index1, :level_index2, :the_dir) ON CONFLICT ("domain") DO UPDATE SET "cur_users" =
excluded."cur_users", "level_cur" = excluded."level_cur", "level_max" = excluded."level_max",
"level_start0" = excluded."level_start0", "level_start1" = excluded."level_start1", "level_start2" =
excluded."level_start2", "level_end0" = excluded."level_end0", "level_end1" = excluded."level_end1",
"level_end2" = excluded."level_end2", "level_mod0" = excluded."level_mod0", "level_mod1" =
excluded."level_mod1", "level_mod2" = excluded."level_mod2", "level_index0" =
excluded."level_index0", "level_index1" = excluded."level_index1", "level_index2" =
excluded."level_index2", "the_dir" = excluded."the_dir";

-- upsert.ip_alias_map.1
INSERT INTO "ip_alias_map" ("ip_addr", "domain") VALUES (:ip_addr, :domain) ON CONFLICT ("ip_addr")
DO UPDATE SET "domain" = excluded."domain";

-- upsert.lastauth.1
INSERT INTO "lastauth" ("user", "domain", "remote_ip", "timestamp") VALUES (:user, :domain,
:remote_ip, :timestamp) ON CONFLICT ("user", "domain") DO UPDATE SET "remote_ip" =
excluded."remote_ip", "timestamp" = excluded."timestamp";

-- upsert.limits.1
INSERT INTO "limits" ("domain", "defaultmaxmsgcount", "defaultquota", "delete_spam",
"disable_dialup", "disable_imap", "disable_maildrop", "disable_passwordchanging", "disable_pop",
"disable_relay", "disable_smtp", "disable_spamassassin", "disable_webmail", "diskquota",
"maxaliases", "maxautoresponders", "maxforwards", "maxmailinglists", "maxmsgcount",
"maxpopaccounts", "perm_account", "perm_alias", "perm_autoresponder", "perm_defaultquota",
"perm_forward", "perm_maillist", "perm_quota") VALUES (:domain, :defaultmaxmsgcount, :defaultquota,
:delete_spam, :disable_dialup, :disable_imap, :disable_maildrop, :disable_passwordchanging,
:disable_pop, :disable_relay, :disable_smtp, :disable_spamassassin, :disable_webmail, :diskquota,
:maxaliases, :maxautoresponders, :maxforwards, :maxmailinglists, :maxmsgcount, :maxpopaccounts,
:perm_account, :perm_alias, :perm_autoresponder, :perm_defaultquota, :perm_forward, :perm_maillist,
:perm_quota) ON CONFLICT ("domain") DO UPDATE SET "defaultmaxmsgcount" =
excluded."defaultmaxmsgcount", "defaultquota" = excluded."defaultquota", "delete_spam" =
excluded."delete_spam", "disable_dialup" = excluded."disable_dialup", "disable_imap" =
excluded."disable_imap", "disable_maildrop" = excluded."disable_maildrop",
"disable_passwordchanging" = excluded."disable_passwordchanging", "disable_pop" =
excluded."disable_pop", "disable_relay" = excluded."disable_relay", "disable_smtp" =
excluded."disable_smtp", "disable_spamassassin" = excluded."disable_spamassassin", "disable_webmail"
= excluded."disable_webmail", "diskquota" = excluded."diskquota", "maxaliases" =
excluded."maxaliases", "maxautoresponders" = excluded."maxautoresponders", "maxforwards" =
excluded."maxforwards", "maxmailinglists" = excluded."maxmailinglists", "maxmsgcount" =
excluded."maxmsgcount", "maxpopaccounts" = excluded."maxpopaccounts", "perm_account" =
excluded."perm_account", "perm_alias" = excluded."perm_alias", "perm_autoresponder" =
excluded."perm_autoresponder", "perm_defaultquota" = excluded."perm_defaultquota", "perm_forward" =
excluded."perm_forward", "perm_maillist" = excluded."perm_maillist", "perm_quota" =
excluded."perm_quota";

-- users.own.clear
DROP TABLE "a_b_example_com";

-- users.own.delete
DELETE FROM "a_b_example_com" WHERE "pw_name" = :pw_name;

-- users.own.find
SELECT * FROM "a_b_example_com" WHERE "pw_name" = :pw_name;

-- users.own.insert
INSERT INTO "a_b_example_com" ("pw_name", "pw_passwd", "pw_uid", "pw_gid", "pw_gecos", "pw_dir",
"pw_shell", "pw_clear_passwd") VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- users.own.iterate
SELECT * FROM "a_b_example_com";

-- users.own.update
UPDATE "a_b_example_com" SET "pw_passwd" = :pw_passwd, "pw_gecos" = :pw_gecos WHERE "pw_name" =
:pw_name AND "pw_passwd" = :old_pw_passwd AND "pw_gecos" IS NULL;

-- users.shared.clear
DELETE FROM "vpopmail" WHERE "pw_domain" = :pw_domain;

-- users.shared.delete
DELETE FROM "vpopmail" WHERE "pw_name" = :pw_name AND "pw_domain" = :pw_domain;

-- users.shared.find
SELECT * FROM "vpopmail" WHERE "pw_name" = :pw_name AND "pw_domain" = :pw_domain;

-- users.shared.insert
INSERT INTO "vpopmail" ("pw_name", "pw_domain", "pw_passwd", "pw_uid", "pw_gid", "pw_gecos",
"pw_dir", "pw_shell", "pw_clear_passwd") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- users.shared.iterate
SELECT * FROM "vpopmail" WHERE "pw_domain" = :pw_domain;

-- users.shared.update
UPDATE "vpopmail" SET "pw_passwd" = :pw_passwd, "pw_gecos" = :pw_gecos WHERE "pw_name" = :pw_name
AND "pw_domain" = :pw_domain AND "pw_passwd" = :old_pw_passwd AND "pw_gecos" IS NULL;
