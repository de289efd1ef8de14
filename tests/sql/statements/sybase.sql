-- alias_domains.all
SELECT [alias], [domain] FROM [aliasdomains] ORDER BY [alias];

-- alias_domains.delete
DELETE FROM [aliasdomains] WHERE [alias] = ?;

-- aliases.delete
DELETE FROM [valias] WHERE [alias] = ? AND [domain] = ?;

-- aliases.find
SELECT * FROM [valias] WHERE [alias] = ? AND [domain] = ?;

-- aliases.insert
INSERT INTO [valias] ([alias], [domain], [valias_line]) VALUES (?, ?, ?);

-- aliases.insert_typed
INSERT INTO [valias] ([alias], [domain], [valias_line], [valias_type]) VALUES (?, ?, ?, ?);

-- aliases.names
SELECT DISTINCT [alias] FROM [valias] WHERE [domain] = ?;

-- auth_log.delete
DELETE FROM [vlog] WHERE [user] = ? AND [domain] = ?;

-- auth_log.first
SELECT MIN([id]) FROM [vlog] WHERE [id] > ? AND [timestamp] >= ?;

-- auth_log.forget
DELETE FROM [vlog] WHERE [timestamp] <= ?;

-- auth_log.has
SELECT [id] FROM [vlog] WHERE [timestamp] = ? AND [error] = ? AND [user] = ? AND [passwd] = ? AND
[domain] = ? AND [logon] = ? AND [remoteip] = ? AND [message] = ?;

-- auth_log.insert
INSERT INTO [vlog] ([user], [passwd], [domain], [logon], [remoteip], [message], [timestamp],
[error]) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- auth_log.page
SELECT [id], [user], [domain], [logon], [passwd], [remoteip], [message], [timestamp], [error] FROM
[vlog] WHERE [id] >= ? AND [id] < ? AND [timestamp] >= ? ORDER BY [id];

-- begin
BEGIN TRANSACTION;

-- delete_domain.aliasdomains
DELETE FROM [aliasdomains] WHERE [domain] = ?;

-- delete_domain.dir_control
DELETE FROM [dir_control] WHERE [domain] = ?;

-- delete_domain.ip_alias_map
DELETE FROM [ip_alias_map] WHERE [domain] = ?;

-- delete_domain.lastauth
DELETE FROM [lastauth] WHERE [domain] = ?;

-- delete_domain.limits
DELETE FROM [limits] WHERE [domain] = ?;

-- delete_domain.valias
DELETE FROM [valias] WHERE [domain] = ?;

-- delete_domain.vlog
DELETE FROM [vlog] WHERE [domain] = ?;

-- dir_control.delete
DELETE FROM [dir_control] WHERE [domain] = ?;

-- dir_control.find
SELECT [cur_users], [level_cur], [level_max], [level_start0], [level_start1], [level_start2],
[level_end0], [level_end1], [level_end2], [level_mod0], [level_mod1], [level_mod2], [level_index0],
[level_index1], [level_index2], [the_dir] FROM [dir_control] WHERE [domain] = ?;

-- ip_map.all
SELECT [ip_addr], [domain] FROM [ip_alias_map] ORDER BY [ip_addr];

-- ip_map.delete
DELETE FROM [ip_alias_map] WHERE [ip_addr] = ? AND [domain] = ?;

-- ip_map.delete_address
DELETE FROM [ip_alias_map] WHERE [ip_addr] = ?;

-- ip_map.find
SELECT [domain] FROM [ip_alias_map] WHERE [ip_addr] = ?;

-- last_auth.delete
DELETE FROM [lastauth] WHERE [user] = ? AND [domain] = ?;

-- last_auth.find
SELECT [remote_ip], [timestamp] FROM [lastauth] WHERE [user] = ? AND [domain] = ?;

-- limits.delete
DELETE FROM [limits] WHERE [domain] = ?;

-- limits.find
SELECT * FROM [limits] WHERE [domain] = ?;

-- relay.all
SELECT [ip_addr], [timestamp] FROM [relay];

-- relay.delete
DELETE FROM [relay] WHERE [ip_addr] = ? AND [timestamp] = ?;

-- relay.delete_undated
DELETE FROM [relay] WHERE [ip_addr] = ? AND [timestamp] IS NULL;

-- relay.has
SELECT [ip_addr] FROM [relay] WHERE [ip_addr] = ?;

-- relay.insert
INSERT INTO [relay] ([ip_addr], [timestamp]) VALUES (?, ?);

-- relay.refresh
UPDATE [relay] SET [timestamp] = ? WHERE [ip_addr] = ?;

-- sybase.tables
SELECT o.name, c.name, t.name, c.length FROM sysobjects o, syscolumns c, systypes t WHERE o.type =
'U' AND c.id = o.id AND t.usertype = c.usertype;

-- upsert.aliasdomains.1
UPDATE [aliasdomains] SET [domain] = ? WHERE [alias] = ?;

-- upsert.aliasdomains.2
INSERT INTO [aliasdomains] ([alias], [domain]) VALUES (?, ?);

-- upsert.dir_control.1
UPDATE [dir_control] SET [cur_users] = ?, [level_cur] = ?, [level_max] = ?, [level_start0] = ?,
[level_start1] = ?, [level_start2] = ?, [level_end0] = ?, [level_end1] = ?, [level_end2] = ?,
[level_mod0] = ?, [level_mod1] = ?, [level_mod2] = ?, [level_index0] = ?, [level_index1] = ?,
[level_index2] = ?, [the_dir] = ? WHERE [domain] = ?;

-- upsert.dir_control.2
INSERT INTO [dir_control] ([domain], [cur_users], [level_cur], [level_max], [level_start0],
[level_start1], [level_start2], [level_end0], [level_end1], [level_end2], [level_mod0],
[level_mod1], [level_mod2], [level_index0], [level_index1], [level_index2], [the_dir]) VALUES (?, ?,
?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- upsert.ip_alias_map.1
UPDATE [ip_alias_map] SET [domain] = ? WHERE [ip_addr] = ?;

-- upsert.ip_alias_map.2
INSERT INTO [ip_alias_map] ([ip_addr], [domain]) VALUES (?, ?);

-- upsert.lastauth.1
UPDATE [lastauth] SET [remote_ip] = ?, [timestamp] = ? WHERE [user] = ? AND [domain] = ?;

-- upsert.lastauth.2
INSERT INTO [lastauth] ([user], [domain], [remote_ip], [timestamp]) VALUES (?, ?, ?, ?);

-- upsert.limits.1
UPDATE [limits] SET [defaultmaxmsgcount] = ?, [defaultquota] = ?, [delete_spam] = ?,
[disable_dialup] = ?, [disable_imap] = ?, [disable_maildrop] = ?, [disable_passwordchanging] = ?,
[disable_pop] = ?, [disable_relay] = ?, [disable_smtp] = ?, [disable_spamassassin] = ?,
[disable_webmail] = ?, [diskquota] = ?, [maxaliases] = ?, [maxautoresponders] = ?, [maxforwards] =
?, [maxmailinglists] = ?, [maxmsgcount] = ?, [maxpopaccounts] = ?, [perm_account] = ?, [perm_alias]
= ?, [perm_autoresponder] = ?, [perm_defaultquota] = ?, [perm_forward] = ?, [perm_maillist] = ?,
[perm_quota] = ? WHERE [domain] = ?;

-- upsert.limits.2
INSERT INTO [limits] ([domain], [defaultmaxmsgcount], [defaultquota], [delete_spam],
[disable_dialup], [disable_imap], [disable_maildrop], [disable_passwordchanging], [disable_pop],
[disable_relay], [disable_smtp], [disable_spamassassin], [disable_webmail], [diskquota],
[maxaliases], [maxautoresponders], [maxforwards], [maxmailinglists], [maxmsgcount],
[maxpopaccounts], [perm_account], [perm_alias], [perm_autoresponder], [perm_defaultquota],
[perm_forward], [perm_maillist], [perm_quota]) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- users.own.clear
DROP TABLE [a_b_example_com];

-- users.own.delete
DELETE FROM [a_b_example_com] WHERE [pw_name] = ?;

-- users.own.find
SELECT * FROM [a_b_example_com] WHERE [pw_name] = ?;

-- users.own.insert
INSERT INTO [a_b_example_com] ([pw_name], [pw_passwd], [pw_uid], [pw_gid], [pw_gecos], [pw_dir],
[pw_shell], [pw_clear_passwd]) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- users.own.iterate
SELECT * FROM [a_b_example_com];

-- users.own.update
UPDATE [a_b_example_com] SET [pw_passwd] = ?, [pw_gecos] = ? WHERE [pw_name] = ? AND [pw_passwd] = ?
AND [pw_gecos] IS NULL;

-- users.shared.clear
DELETE FROM [vpopmail] WHERE [pw_domain] = ?;

-- users.shared.delete
DELETE FROM [vpopmail] WHERE [pw_name] = ? AND [pw_domain] = ?;

-- users.shared.find
SELECT * FROM [vpopmail] WHERE [pw_name] = ? AND [pw_domain] = ?;

-- users.shared.insert
INSERT INTO [vpopmail] ([pw_name], [pw_domain], [pw_passwd], [pw_uid], [pw_gid], [pw_gecos],
[pw_dir], [pw_shell], [pw_clear_passwd]) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- users.shared.iterate
SELECT * FROM [vpopmail] WHERE [pw_domain] = ?;

-- users.shared.update
UPDATE [vpopmail] SET [pw_passwd] = ?, [pw_gecos] = ? WHERE [pw_name] = ? AND [pw_domain] = ? AND
[pw_passwd] = ? AND [pw_gecos] IS NULL;

-- waits
SET LOCK WAIT 5;
