"""A round as a reviewer reads it: the pull request and the report."""
