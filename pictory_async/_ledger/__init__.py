"""The ledger: what was asked for, paid for, finished and downloaded, kept between runs."""
