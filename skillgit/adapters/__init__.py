"""One outside thing per file, behind a port of `skillgit.ports`; no decisions are taken here."""
