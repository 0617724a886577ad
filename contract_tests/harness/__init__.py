"""What the tests stand on: the target, the paced session, the checks on every response, the report."""
