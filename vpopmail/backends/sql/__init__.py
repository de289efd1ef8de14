"""Accounts in an SQL database: one implementation, a dialect for each kind of server."""
