-- alias_domains.all
SELECT `alias`, `domain` FROM `aliasdomains` ORDER BY `alias`;

-- alias_domains.delete
DELETE FROM `aliasdomains` WHERE `alias` = %(alias)s;

-- aliases.delete
DELETE FROM `valias` WHERE `alias` = %(alias)s AND `domain` = %(domain)s;

-- aliases.find
SELECT * FROM `valias` WHERE `alias` = %(alias)s AND `domain` = %(domain)s;

-- aliases.insert
INSERT INTO `valias` (`alias`, `domain`, `valias_line`) VALUES (%(alias)s, %(domain)s, %(line)s);

-- aliases.insert_typed
INSERT INTO `valias` (`alias`, `domain`, `valias_line`, `valias_type`) VALUES (%(alias)s,
%(domain)s, %(line)s, %(type)s);

-- aliases.names
SELECT DISTINCT `alias` FROM `valias` WHERE `domain` = %(domain)s;

-- auth_log.delete
DELETE FROM `vlog` WHERE `user` = %(user)s AND `domain` = %(domain)s;

-- auth_log.first
SELECT MIN(`id`) FROM `vlog` WHERE `id` > %(last)s AND `timestamp` >= %(since)s;

-- auth_log.forget
DELETE FROM `vlog` WHERE `timestamp` <= %(until)s;

-- auth_log.has
SELECT `id` FROM `vlog` WHERE `timestamp` = %(timestamp)s AND `error` = %(error)s AND `user` =
%(user)s AND `passwd` = %(passwd)s AND `domain` = %(domain)s AND `logon` = %(logon)s AND `remoteip`
= %(remoteip)s AND `message` = %(message)s;

-- auth_log.insert
INSERT INTO `vlog` (`user`, `passwd`, `domain`, `logon`, `remoteip`, `message`, `timestamp`,
`error`) VALUES (%(user)s, %(passwd)s, %(domain)s, %(logon)s, %(remoteip)s, %(message)s,
%(timestamp)s, %(error)s);

-- auth_log.page
SELECT `id`, `user`, `domain`, `logon`, `passwd`, `remoteip`, `message`, `timestamp`, `error` FROM
`vlog` WHERE `id` >= %(first)s AND `id` < %(next)s AND `timestamp` >= %(since)s ORDER BY `id`;

-- begin
BEGIN;

-- delete_domain.aliasdomains
DELETE FROM `aliasdomains` WHERE `domain` = %(domain)s;

-- delete_domain.dir_control
DELETE FROM `dir_control` WHERE `domain` = %(domain)s;

-- delete_domain.ip_alias_map
DELETE FROM `ip_alias_map` WHERE `domain` = %(domain)s;

-- delete_domain.lastauth
DELETE FROM `lastauth` WHERE `domain` = %(domain)s;

-- delete_domain.limits
DELETE FROM `limits` WHERE `domain` = %(domain)s;

-- delete_domain.valias
DELETE FROM `valias` WHERE `domain` = %(domain)s;

-- delete_domain.vlog
DELETE FROM `vlog` WHERE `domain` = %(domain)s;

-- dir_control.delete
DELETE FROM `dir_control` WHERE `domain` = %(domain)s;

-- dir_control.find
SELECT `cur_users`, `level_cur`, `level_max`, `level_start0`, `level_start1`, `level_start2`,
`level_end0`, `level_end1`, `level_end2`, `level_mod0`, `level_mod1`, `level_mod2`, `level_index0`,
`level_index1`, `level_index2`, `the_dir` FROM `dir_control` WHERE `domain` = %(domain)s;

-- ip_map.all
SELECT `ip_addr`, `domain` FROM `ip_alias_map` ORDER BY `ip_addr`;

-- ip_map.delete
DELETE FROM `ip_alias_map` WHERE `ip_addr` = %(ip_addr)s AND `domain` = %(domain)s;

-- ip_map.delete_address
DELETE FROM `ip_alias_map` WHERE `ip_addr` = %(ip_addr)s;

-- ip_map.find
SELECT `domain` FROM `ip_alias_map` WHERE `ip_addr` = %(ip_addr)s;

-- last_auth.delete
DELETE FROM `lastauth` WHERE `user` = %(user)s AND `domain` = %(domain)s;

-- last_auth.find
SELECT `remote_ip`, `timestamp` FROM `lastauth` WHERE `user` = %(user)s AND `domain` = %(domain)s;

-- limits.delete
DELETE FROM `limits` WHERE `domain` = %(domain)s;

-- limits.find
SELECT * FROM `limits` WHERE `domain` = %(domain)s;

-- mysql.tables
SELECT table_name, column_name, data_type, character_maximum_length, character_set_name, column_type
FROM information_schema.columns WHERE table_schema = DATABASE();

-- relay.all
SELECT `ip_addr`, `timestamp` FROM `relay`;

-- relay.delete
DELETE FROM `relay` WHERE `ip_addr` = %(ip_addr)s AND `timestamp` = %(timestamp)s;

-- relay.delete_undated
DELETE FROM `relay` WHERE `ip_addr` = %(ip_addr)s AND `timestamp` IS NULL;

-- relay.has
SELECT `ip_addr` FROM `relay` WHERE `ip_addr` = %(ip_addr)s;

-- relay.insert
INSERT INTO `relay` (`ip_addr`, `timestamp`) VALUES (%(ip_addr)s, %(timestamp)s);

-- relay.refresh
UPDATE `relay` SET `timestamp` = %(timestamp)s WHERE `ip_addr` = %(ip_addr)s;

-- upsert.aliasdomains.1
INSERT INTO `aliasdomains` (`alias`, `domain`) VALUES (%(alias)s, %(domain)s) ON DUPLICATE KEY
UPDATE `domain` = VALUES(`domain`);

-- upsert.dir_control.1
INSERT INTO `dir_control` (`domain`, `cur_users`, `level_cur`, `level_max`, `level_start0`,
`level_start1`, `level_start2`, `level_end0`, `level_end1`, `level_end2`, `level_mod0`,
`level_mod1`, `level_mod2`, `level_index0`, `level_index1`, `level_index2`, `the_dir`) VALUES
(%(domain)s, %(cur_users)s, %(level_cur)s, %(level_max)s, %(level_start0)s, %(level_start1)s,
%(level_start2)s, %(level_end0)s, %(level_end1)s, %(level_end2)s, %(level_mod0)s, %(level_mod1)s,
%(level_mod2)s, %(level_index0)s, %(level_index1)s, %(level_index2)s, %(the_dir)s) ON DUPLICATE KEY
UPDATE `cur_users` = VALUES(`cur_users`), `level_cur` = VALUES(`level_cur`), `level_max` =
VALUES(`level_max`), `level_start0` = VALUES(`level_start0`), `level_start1` =
VALUES(`level_start1`), `level_start2` = VALUES(`level_start2`), `level_end0` =
VALUES(`level_end0`), `level_end1` = VALUES(`level_end1`), `level_end2` = VALUES(`level_end2`),
`level_mod0` = VALUES(`level_mod0`), `level_mod1` = VALUES(`level_mod1`), `level_mod2` =
VALUES(`level_mod2`), `level_index0` = VALUES(`level_index0`), `level_index1` =
VALUES(`level_index1`), `level_index2` = VALUES(`level_index2`), `the_dir` = VALUES(`the_dir`);

-- upsert.ip_alias_map.1
INSERT INTO `ip_alias_map` (`ip_addr`, `domain`) VALUES (%(ip_addr)s, %(domain)s) ON DUPLICATE KEY
UPDATE `domain` = VALUES(`domain`);

-- upsert.lastauth.1
INSERT INTO `lastauth` (`user`, `domain`, `remote_ip`, `timestamp`) VALUES (%(user)s, %(domain)s,
%(remote_ip)s, %(timestamp)s) ON DUPLICATE KEY UPDATE `remote_ip` = VALUES(`remote_ip`), `timestamp`
= VALUES(`timestamp`);

-- upsert.limits.1
INSERT INTO `limits` (`domain`, `defaultmaxmsgcount`, `defaultquota`, `delete_spam`,
`disable_dialup`, `disable_imap`, `disable_maildrop`, `disable_passwordchanging`, `disable_pop`,
`disable_relay`, `disable_smtp`, `disable_spamassassin`, `disable_webmail`, `diskquota`,
`maxaliases`, `maxautoresponders`, `maxforwards`, `maxmailinglists`, `maxmsgcount`,
`maxpopaccounts`, `perm_account`, `perm_alias`, `perm_autoresponder`, `perm_defaultquota`,
`perm_forward`, `perm_maillist`, `perm_quota`) VALUES (%(domain)s, %(defaultmaxmsgcount)s,
%(defaultquota)s, %(delete_spam)s, %(disable_dialup)s, %(disable_imap)s, %(disable_maildrop)s,
%(disable_passwordchanging)s, %(disable_pop)s, %(disable_relay)s, %(disable_smtp)s,
%(disable_spamassassin)s, %(disable_webmail)s, %(diskquota)s, %(maxaliases)s, %(maxautoresponders)s,
%(maxforwards)s, %(maxmailinglists)s, %(maxmsgcount)s, %(maxpopaccounts)s, %(perm_account)s,
%(perm_alias)s, %(perm_autoresponder)s, %(perm_defaultquota)s, %(perm_forward)s, %(perm_maillist)s,
%(perm_quota)s) ON DUPLICATE KEY UPDATE `defaultmaxmsgcount` = VALUES(`defaultmaxmsgcount`),
`defaultquota` = VALUES(`defaultquota`), `delete_spam` = VALUES(`delete_spam`), `disable_dialup` =
VALUES(`disable_dialup`), `disable_imap` = VALUES(`disable_imap`), `disable_maildrop` =
VALUES(`disable_maildrop`), `disable_passwordchanging` = VALUES(`disable_passwordchanging`),
`disable_pop` = VALUES(`disable_pop`), `disable_relay` = VALUES(`disable_relay`), `disable_smtp` =
VALUES(`disable_smtp`), `disable_spamassassin` = VALUES(`disable_spamassassin`), `disable_webmail` =
VALUES(`disable_webmail`), `diskquota` = VALUES(`diskquota`), `maxaliases` = VALUES(`maxaliases`),
`maxautoresponders` = VALUES(`maxautoresponders`), `maxforwards` = VALUES(`maxforwards`),
`maxmailinglists` = VALUES(`maxmailinglists`), `maxmsgcount` = VALUES(`maxmsgcount`),
`maxpopaccounts` = VALUES(`maxpopaccounts`), `perm_account` = VALUES(`perm_account`), `perm_alias` =
VALUES(`perm_alias`), `perm_autoresponder` = VALUES(`perm_autoresponder`), `perm_defaultquota` =
VALUES(`perm_defaultquota`), `perm_forward` = VALUES(`perm_forward`), `perm_maillist` =
VALUES(`perm_maillist`), `perm_quota` = VALUES(`perm_quota`);

-- users.own.clear
DROP TABLE `a_b_example_com`;

-- users.own.delete
DELETE FROM `a_b_example_com` WHERE `pw_name` = %(pw_name)s;

-- users.own.find
SELECT * FROM `a_b_example_com` WHERE `pw_name` = %(pw_name)s;

-- users.own.insert
INSERT INTO `a_b_example_com` (`pw_name`, `pw_passwd`, `pw_uid`, `pw_gid`, `pw_gecos`, `pw_dir`,
`pw_shell`, `pw_clear_passwd`) VALUES (%s, %s, %s, %s, %s, %s, %s, %s);

-- users.own.iterate
SELECT * FROM `a_b_example_com`;

-- users.own.update
UPDATE `a_b_example_com` SET `pw_passwd` = %(pw_passwd)s, `pw_gecos` = %(pw_gecos)s WHERE `pw_name`
= %(pw_name)s AND `pw_passwd` = %(old_pw_passwd)s AND `pw_gecos` IS NULL;

-- users.shared.clear
DELETE FROM `vpopmail` WHERE `pw_domain` = %(pw_domain)s;

-- users.shared.delete
DELETE FROM `vpopmail` WHERE `pw_name` = %(pw_name)s AND `pw_domain` = %(pw_domain)s;

-- users.shared.find
SELECT * FROM `vpopmail` WHERE `pw_name` = %(pw_name)s AND `pw_domain` = %(pw_domain)s;

-- users.shared.insert
INSERT INTO `vpopmail` (`pw_name`, `pw_domain`, `pw_passwd`, `pw_uid`, `pw_gid`, `pw_gecos`,
`pw_dir`, `pw_shell`, `pw_clear_passwd`) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s);

-- users.shared.iterate
SELECT * FROM `vpopmail` WHERE `pw_domain` = %(pw_domain)s;

-- users.shared.update
UPDATE `vpopmail` SET `pw_passwd` = %(pw_passwd)s, `pw_gecos` = %(pw_gecos)s WHERE `pw_name` =
%(pw_name)s AND `pw_domain` = %(pw_domain)s AND `pw_passwd` = %(old_pw_passwd)s AND `pw_gecos` IS
NULL;

-- waits
SET innodb_lock_wait_timeout = 5;
