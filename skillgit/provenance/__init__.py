"""Where a lesson comes from: trailers, evidence documents and patch digests; pure."""
