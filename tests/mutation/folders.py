"""What is mutated, and the tests that are asked."""

FOLDERS = (
    "domain",
    "application/sagas",
    "application/processes",
    "application/caching",
    "application/capacity",
    "projections",
)

# Acceptance tests start programs, which would tell of a mutant too late and too dearly; what reads PostgreSQL
# or Redis stands beside the same test on a file or in memory.
TESTS = (
    "tests/unit",
    "tests/properties",
    "tests/simulation",
    "tests/contracts/test_cache_contract.py",
    "tests/contracts/test_read_store_contract.py",
    "tests/integration/http",
    "tests/integration/read_models",
    "tests/integration/test_eventual_consistency.py",
    "tests/integration/test_restart_from_snapshots.py",
    "tests/integration/test_two_instances.py",
)
NOT_ASKED = "not postgres and not redis"
