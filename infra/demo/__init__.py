"""The demo world: made-up owners and residents, the eight suites that hold their data, and a mailbox."""
