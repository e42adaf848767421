"""A road on a real database, with the real plan and a facility no one wrote code for."""

import pytest

from qianhai.db import Database
from qianhai.policy import Policy, open_policy
from route.desk import Desk, make_desk, plan_files
from tracing import untraced


@pytest.fixture(scope="session")
@untraced()
def policy() -> Policy:
    return open_policy(plan_files())


@pytest.fixture
def desk(database: Database, policy: Policy) -> Desk:
    return make_desk(database, policy)
