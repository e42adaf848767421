"""The single place where balances change: chains tried one after another, over whole numbers.

Holds plain Python over lists of 64-bit integers and nothing else: no object, no name, no clock, so
that it can be compiled as it stands and still be the oracle of its compiled self. Must not import
anything of this project. Accounts, chains and legs are row numbers into columns; names, ids and SQL
are the business of `columns` and `store`.

No intermediate value leaves 64 bits, because for every account, at all times,
    INT64_MIN <= balance - pending_out   and   balance + pending_in <= INT64_MAX
and every sum below is one of these two or is compared before it is formed.
"""

from typing import Final, NamedTuple, TypeAlias

Ints: TypeAlias = list[int]

INT64_MAX: Final = 9223372036854775807
INT64_MIN: Final = -9223372036854775807 - 1
#: A leg without a cap; no cap is that low.
NO_CAP: Final = INT64_MIN
#: Row number of nothing.
NONE: Final = -1
#: The amount of a commit's leg that posts all that is held.
ALL: Final = -1
#: Verdict of a chain that is still to be tried.
UNDECIDED: Final = -1

# The order of model.Result, which is its order of precedence.
(
    POSTED,
    ID_CONFLICT,
    STALE,
    HOLD_NOT_FOUND,
    HOLD_RESOLVED,
    HOLD_EXPIRED,
    HOLD_EXCEEDED,
    ORIGINAL_NOT_FOUND,
    ORIGINAL_REVERSED,
    ASSET_SCALE,
    ASSET_DIFFERS,
    ACCOUNT_DIFFERS,
    ACCOUNT_UNKNOWN,
    ACCOUNT_CLOSED,
    ASSET_MISMATCH,
    SAME_ACCOUNT,
    AMOUNT_NOT_POSITIVE,
    OVERFLOW,
    LIMIT_PASSED,
    CEILING_PASSED,
    FLOOR_PASSED,
    ACCOUNT_NOT_EMPTY,
) = range(22)

# The order of model.Kind.
POST, HOLD, COMMIT, VOID, REVERSE = range(5)

# Where an account stands.
ABSENT, OPEN, CLOSED = range(3)


class Assets(NamedTuple):
    """One row an asset code: which form of it (scale and kind) is on record, or NONE."""

    form: Ints


class Accounts(NamedTuple):
    """One row an account name, open or not. `spec` stands for all it was opened with."""

    state: Ints
    spec: Ints
    asset: Ints
    floor: Ints
    ceiling: Ints
    balance: Ints
    pending_in: Ints
    pending_out: Ints
    cap: Ints


class Opens(NamedTuple):
    """One row an account a chain opens where it is not: `form` and `code` are its asset's."""

    account: Ints
    spec: Ints
    code: Ints
    form: Ints
    scale_is_known: Ints
    floor: Ints
    ceiling: Ints
    has_opened: Ints
    has_registered: Ints


class Expects(NamedTuple):
    """One row a balance a chain relies on."""

    account: Ints
    balance: Ints


class Legs(NamedTuple):
    """One row a leg. Given: the first six; `source` is the leg that a later chain continues.

    Found: what was asked with the spill, posted, held (negative when released), and what the two
    accounts had before: posted balance and pending (out of the debited, into the credited), and
    the credited one's cap.
    """

    debit: Ints
    credit: Ints
    amount: Ints
    cap: Ints
    spills: Ints
    source: Ints
    asked: Ints
    posted: Ints
    held: Ints
    debit_balance: Ints
    debit_pending: Ints
    credit_balance: Ints
    credit_pending: Ints
    cap_before: Ints


class Chains(NamedTuple):
    """One row a chain; ranges of rows are first and end. Found: verdict, tried, failed_leg.

    Rows whose verdict is not UNDECIDED are on record already and only stand to be continued.
    """

    kind: Ints
    origin: Ints
    expires: Ints
    has_fitting_amounts: Ints
    leg_first: Ints
    leg_end: Ints
    open_first: Ints
    open_end: Ints
    expect_first: Ints
    expect_end: Ints
    close_first: Ints
    close_end: Ints
    verdict: Ints
    is_continued: Ints
    tried: Ints
    failed_leg: Ints


class Batch(NamedTuple):
    """All columns of one batch; `closes` holds account rows."""

    assets: Assets
    accounts: Accounts
    opens: Opens
    expects: Expects
    closes: Ints
    legs: Legs
    chains: Chains


def post(batch: Batch, at: int) -> None:
    """Try each chain in order at an instant (microseconds); each moves all its legs or nothing."""
    chains = batch.chains
    for chain in range(len(chains.kind)):
        if chains.verdict[chain] != UNDECIDED:
            continue
        verdict = _reliance(batch, chain, at)
        if verdict == POSTED:
            verdict = _stronger(_opening(batch, chain), _soundness(batch, chain))
            if verdict == POSTED:
                verdict = _movement(batch, chain)
            if verdict == POSTED:
                verdict = _closing(batch, chain)
            if verdict != POSTED:
                _undo(batch, chain)
        chains.verdict[chain] = verdict
        if verdict == POSTED and chains.origin[chain] != NONE:
            chains.is_continued[chains.origin[chain]] = 1


def _stronger(one: int, other: int) -> int:
    """Return the verdict that goes before the other; `posted` only when both are."""
    if POSTED in (one, other):
        return one + other
    return min(one, other)


def _reliance(batch: Batch, chain: int, at: int) -> int:
    """Say whether what the chain relies on is so: balances it expects, the chain it continues."""
    chains, expects = batch.chains, batch.expects
    for row in range(chains.expect_first[chain], chains.expect_end[chain]):
        if batch.accounts.balance[expects.account[row]] != expects.balance[row]:
            return STALE
    kind, origin = chains.kind[chain], chains.origin[chain]
    if kind in (POST, HOLD):
        return POSTED
    is_there = origin != NONE and chains.verdict[origin] == POSTED
    if kind == REVERSE:
        if not is_there or chains.kind[origin] not in (POST, COMMIT):
            return ORIGINAL_NOT_FOUND
        return ORIGINAL_REVERSED if chains.is_continued[origin] else POSTED
    if not is_there or chains.kind[origin] != HOLD:
        return HOLD_NOT_FOUND
    if chains.is_continued[origin]:
        return HOLD_RESOLVED
    if kind == COMMIT and chains.expires[origin] <= at:
        return HOLD_EXPIRED
    return POSTED if chains.has_fitting_amounts[chain] else HOLD_EXCEEDED


def _opening(batch: Batch, chain: int) -> int:
    """Open the accounts that are not, at zero, and register their assets."""
    opens, accounts, form = batch.opens, batch.accounts, batch.assets.form
    worst = ACCOUNT_NOT_EMPTY + 1
    for row in range(batch.chains.open_first[chain], batch.chains.open_end[chain]):
        account, code = opens.account[row], opens.code[row]
        if not opens.scale_is_known[row]:
            worst = min(worst, ASSET_SCALE)
        elif form[code] not in (NONE, opens.form[row]):
            worst = min(worst, ASSET_DIFFERS)
        elif accounts.state[account] == CLOSED:
            worst = min(worst, ACCOUNT_CLOSED)
        elif accounts.state[account] == OPEN:
            if accounts.spec[account] != opens.spec[row]:
                worst = min(worst, ACCOUNT_DIFFERS)
        else:
            if form[code] == NONE:
                form[code] = opens.form[row]
                opens.has_registered[row] = 1
            accounts.state[account] = OPEN
            accounts.spec[account] = opens.spec[row]
            accounts.asset[account] = opens.form[row]
            accounts.floor[account] = opens.floor[row]
            accounts.ceiling[account] = opens.ceiling[row]
            opens.has_opened[row] = 1
    return POSTED if worst > ACCOUNT_NOT_EMPTY else worst


def _soundness(batch: Batch, chain: int) -> int:
    """Find the first in precedence of what is wrong with any leg before one of them moves."""
    first, end = batch.chains.leg_first[chain], batch.chains.leg_end[chain]
    worst, where = ACCOUNT_NOT_EMPTY + 1, NONE
    for leg in range(first, end):
        verdict = _leg_soundness(batch, chain, leg)
        if verdict != POSTED and verdict < worst:
            worst, where = verdict, leg
    for row in range(batch.chains.close_first[chain], batch.chains.close_end[chain]):
        state = batch.accounts.state[batch.closes[row]]
        if state != OPEN:
            verdict = ACCOUNT_CLOSED if state == CLOSED else ACCOUNT_UNKNOWN
            if verdict < worst:
                worst, where = verdict, NONE
    if worst > ACCOUNT_NOT_EMPTY:
        return POSTED
    batch.chains.failed_leg[chain] = where - first if where != NONE else NONE
    return worst


def _leg_soundness(batch: Batch, chain: int, leg: int) -> int:
    """Say what is wrong with one leg by itself: hold, accounts, asset, amount, in precedence."""
    legs, accounts, kind = batch.legs, batch.accounts, batch.chains.kind[chain]
    debit, credit = legs.debit[leg], legs.credit[leg]
    amount, source = legs.amount[leg], legs.source[leg]
    if kind == COMMIT and amount > legs.held[source]:
        return HOLD_EXCEEDED
    if kind == COMMIT and amount < ALL:
        return AMOUNT_NOT_POSITIVE
    if _is_void_of_source(batch, leg):
        return POSTED
    if accounts.state[debit] == ABSENT or accounts.state[credit] == ABSENT:
        return ACCOUNT_UNKNOWN
    if accounts.state[debit] == CLOSED or accounts.state[credit] == CLOSED:
        return ACCOUNT_CLOSED
    if accounts.asset[debit] != accounts.asset[credit]:
        return ASSET_MISMATCH
    if debit == credit:
        return SAME_ACCOUNT
    if source != NONE:
        return POSTED
    follows = leg > batch.chains.leg_first[chain] and legs.spills[leg - 1]
    return POSTED if amount > 0 or (amount == 0 and follows) else AMOUNT_NOT_POSITIVE


def _movement(batch: Batch, chain: int) -> int:
    """Move the legs in their order until one does not fit."""
    chains, legs = batch.chains, batch.legs
    kind, first = chains.kind[chain], chains.leg_first[chain]
    spilled = 0
    for leg in range(first, chains.leg_end[chain]):
        chains.tried[chain] += 1
        if _is_void_of_source(batch, leg):
            continue
        _look(batch, leg)
        if kind in (COMMIT, VOID):
            _resolve(batch, kind, leg)
            continue
        asked = legs.posted[legs.source[leg]] if kind == REVERSE else legs.amount[leg]
        legs.asked[leg] = asked
        if spilled > INT64_MAX - asked:
            verdict = OVERFLOW
        else:
            legs.asked[leg] = asked + spilled
            take = _room(batch, leg, asked + spilled)
            spilled = asked + spilled - take
            verdict = _fit(batch, kind, leg, take)
        if verdict != POSTED:
            chains.failed_leg[chain] = leg - first
            return verdict
        if kind == HOLD:
            _move(batch, leg, 0, take)
        else:
            _move(batch, leg, take, 0)
    return POSTED


def _is_void_of_source(batch: Batch, leg: int) -> bool:
    """Tell whether a leg continues one that moved nothing: a pool's leg that had no room."""
    source = batch.legs.source[leg]
    return source != NONE and batch.legs.posted[source] == 0 and batch.legs.held[source] == 0


def _look(batch: Batch, leg: int) -> None:
    """Note what a leg's two accounts have before it moves."""
    legs, accounts = batch.legs, batch.accounts
    debit, credit = legs.debit[leg], legs.credit[leg]
    legs.debit_balance[leg] = accounts.balance[debit]
    legs.debit_pending[leg] = accounts.pending_out[debit]
    legs.credit_balance[leg] = accounts.balance[credit]
    legs.credit_pending[leg] = accounts.pending_in[credit]


def _room(batch: Batch, leg: int, asked: int) -> int:
    """Return how much of what is asked a leg takes: all, unless it spills over its cap."""
    if not batch.legs.spills[leg]:
        return asked
    used, cap = batch.legs.credit_balance[leg] + batch.legs.credit_pending[leg], batch.legs.cap[leg]
    if used >= cap:
        return 0
    if used < 0 and cap > INT64_MAX + used:
        return asked
    return min(asked, cap - used)


def _fit(batch: Batch, kind: int, leg: int, amount: int) -> int:
    """Say whether an amount keeps within 64 bits, the cap, the ceiling and the floor."""
    if amount == 0:
        return POSTED
    legs, accounts = batch.legs, batch.accounts
    debit, credit = legs.debit[leg], legs.credit[leg]
    available = legs.debit_balance[leg] - legs.debit_pending[leg]
    used = legs.credit_balance[leg] + legs.credit_pending[leg]
    if used > INT64_MAX - amount or available < INT64_MIN + amount:
        return OVERFLOW
    if kind == HOLD and (
        accounts.pending_in[credit] > INT64_MAX - amount
        or accounts.pending_out[debit] > INT64_MAX - amount
    ):
        return OVERFLOW
    if legs.cap[leg] != NO_CAP and used + amount > legs.cap[leg]:
        return LIMIT_PASSED
    if used + amount > accounts.ceiling[credit]:
        return CEILING_PASSED
    if available - amount < accounts.floor[debit]:
        return FLOOR_PASSED
    return POSTED


def _resolve(batch: Batch, kind: int, leg: int) -> None:
    """Post what a commit takes of a held leg and release the whole of it; a void posts nothing."""
    legs = batch.legs
    held = legs.held[legs.source[leg]]
    amount = held if legs.amount[leg] == ALL else legs.amount[leg]
    if kind == VOID:
        amount = 0
    legs.asked[leg] = amount
    _move(batch, leg, amount, -held)


def _move(batch: Batch, leg: int, amount: int, held: int) -> None:
    """Change the balances of a leg's two accounts, and keep the cap a draw carried."""
    legs, accounts = batch.legs, batch.accounts
    debit, credit = legs.debit[leg], legs.credit[leg]
    legs.posted[leg] = amount
    legs.held[leg] = held
    # Pending first: released room is free before the posted amount takes it.
    accounts.pending_out[debit] += held
    accounts.pending_in[credit] += held
    accounts.balance[debit] -= amount
    accounts.balance[credit] += amount
    legs.cap_before[leg] = accounts.cap[credit]
    if legs.cap[leg] != NO_CAP and amount + held > 0:
        accounts.cap[credit] = legs.cap[leg]


def _closing(batch: Batch, chain: int) -> int:
    """Close accounts that are empty."""
    accounts, chains = batch.accounts, batch.chains
    for row in range(chains.close_first[chain], chains.close_end[chain]):
        account = batch.closes[row]
        pending = accounts.pending_in[account] != 0 or accounts.pending_out[account] != 0
        if accounts.balance[account] != 0 or pending:
            return ACCOUNT_NOT_EMPTY
    for row in range(chains.close_first[chain], chains.close_end[chain]):
        accounts.state[batch.closes[row]] = CLOSED
    return POSTED


def _undo(batch: Batch, chain: int) -> None:
    """Take back, last first, everything a chain did before it failed."""
    legs, accounts, opens, chains = batch.legs, batch.accounts, batch.opens, batch.chains
    first = chains.leg_first[chain]
    for leg in range(first + chains.tried[chain] - 1, first - 1, -1):
        debit, credit = legs.debit[leg], legs.credit[leg]
        if legs.posted[leg] or legs.held[leg]:
            accounts.balance[debit] += legs.posted[leg]
            accounts.balance[credit] -= legs.posted[leg]
            accounts.pending_out[debit] -= legs.held[leg]
            accounts.pending_in[credit] -= legs.held[leg]
            accounts.cap[credit] = legs.cap_before[leg]
        legs.posted[leg] = 0
        legs.held[leg] = 0
    for row in range(chains.open_end[chain] - 1, chains.open_first[chain] - 1, -1):
        if opens.has_opened[row]:
            accounts.state[opens.account[row]] = ABSENT
            opens.has_opened[row] = 0
        if opens.has_registered[row]:
            batch.assets.form[opens.code[row]] = NONE
            opens.has_registered[row] = 0
