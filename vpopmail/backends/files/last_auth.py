"""Last logins in the file lastauth of each home: content the address, time of the file the time."""

from __future__ import annotations

FILE = "lastauth"


class FileLastAuth:
    """The last login as a file of the home."""

    def first_auth_files(self, remote_ip: str) -> dict[str, bytes]:
        """The file that says when the user was made."""
        return {FILE: remote_ip.encode("ascii")}

    def note_new_user(self, domain: str, name: str) -> None:
        """Nothing: the file of the home says it."""
