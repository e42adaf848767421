"""The single place where balances change: chains tried one after another, over whole numbers.

Holds plain Python over rows of 64-bit integers and nothing else: no name, no clock, so that it runs
as it stands on lists of rows, is compiled as it stands for record arrays (`compiling`), and is the
oracle of its compiled self. Must not import anything of this project but the forms of its rows.
Accounts, chains and legs are row numbers; names, ids and SQL are the business of `encode`, `book`
and `store`.

No intermediate value leaves 64 bits, because for every account, at all times,
    INT64_MIN <= balance - pending_out   and   balance + pending_in <= INT64_MAX
and every sum below is one of these two or is compared before it is formed.
"""

from typing import Final

from qianhai.ledger.batch import Batch

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

# Whether another chain continued one, and whether that was the sweep of expired holds.
FREE, CONTINUED, SWEPT = range(3)


def post(batch: Batch, at: int) -> None:
    """Try each chain in order at an instant (microseconds); each moves all its legs or nothing."""
    chains = batch.chains
    for chain in range(len(chains)):
        if chains[chain].verdict != UNDECIDED:
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
        chains[chain].verdict = verdict
        if verdict == POSTED and chains[chain].origin != NONE:
            chains[chains[chain].origin].continued = SWEPT if chains[chain].is_sweep else CONTINUED


def _stronger(one: int, other: int) -> int:
    """Return the verdict that goes before the other; `posted` only when both are."""
    if POSTED in (one, other):  # POSTED is 0
        return one + other
    return min(one, other)


def _reliance(batch: Batch, chain: int, at: int) -> int:
    """Say whether what the chain relies on is so: balances it expects, the chain it continues."""
    chains, expects = batch.chains, batch.expects
    for row in range(chains[chain].expect_first, chains[chain].expect_end):
        if batch.accounts[expects[row].account].balance != expects[row].balance:
            return STALE
    kind, origin = chains[chain].kind, chains[chain].origin
    if kind in (POST, HOLD):
        return POSTED
    is_there = origin != NONE and chains[origin].verdict == POSTED
    if kind == REVERSE:
        if not is_there or chains[origin].kind not in (POST, COMMIT):
            return ORIGINAL_NOT_FOUND
        return POSTED if chains[origin].continued == FREE else ORIGINAL_REVERSED
    if not is_there or chains[origin].kind != HOLD:
        return HOLD_NOT_FOUND
    if chains[origin].continued == SWEPT and kind == COMMIT:
        return HOLD_EXPIRED
    if chains[origin].continued != FREE:
        return HOLD_RESOLVED
    if kind == COMMIT and chains[origin].expires <= at:
        return HOLD_EXPIRED
    return POSTED if chains[chain].has_fitting_amounts else HOLD_EXCEEDED


def _opening(batch: Batch, chain: int) -> int:
    """Open the accounts that are not, at zero, and register their assets."""
    opens, accounts, form = batch.opens, batch.accounts, batch.assets
    worst = ACCOUNT_NOT_EMPTY + 1
    for row in range(batch.chains[chain].open_first, batch.chains[chain].open_end):
        account, code = opens[row].account, opens[row].code
        if not opens[row].scale_is_known:
            worst = min(worst, ASSET_SCALE)
        elif form[code].form not in (NONE, opens[row].form):
            worst = min(worst, ASSET_DIFFERS)
        elif accounts[account].state == CLOSED:
            worst = min(worst, ACCOUNT_CLOSED)
        elif accounts[account].state == OPEN:
            if accounts[account].spec != opens[row].spec:
                worst = min(worst, ACCOUNT_DIFFERS)
        else:
            if form[code].form == NONE:
                form[code].form = opens[row].form
                opens[row].has_registered = 1
            accounts[account].state = OPEN
            accounts[account].spec = opens[row].spec
            accounts[account].asset = opens[row].form
            accounts[account].floor = opens[row].floor
            accounts[account].ceiling = opens[row].ceiling
            opens[row].has_opened = 1
            accounts[account].is_changed = 1
    return POSTED if worst > ACCOUNT_NOT_EMPTY else worst


def _soundness(batch: Batch, chain: int) -> int:
    """Find the first in precedence of what is wrong with any leg before one of them moves."""
    first, end = batch.chains[chain].leg_first, batch.chains[chain].leg_end
    worst, where = ACCOUNT_NOT_EMPTY + 1, NONE
    for leg in range(first, end):
        verdict = _leg_soundness(batch, chain, leg)
        if verdict != POSTED and verdict < worst:
            worst, where = verdict, leg
    for row in range(batch.chains[chain].close_first, batch.chains[chain].close_end):
        state = batch.accounts[batch.closes[row]].state
        if state != OPEN:
            verdict = ACCOUNT_CLOSED if state == CLOSED else ACCOUNT_UNKNOWN
            if verdict < worst:
                worst, where = verdict, NONE
    if worst > ACCOUNT_NOT_EMPTY:
        return POSTED
    batch.chains[chain].failed_leg = where - first if where != NONE else NONE
    return worst


def _leg_soundness(batch: Batch, chain: int, leg: int) -> int:
    """Say what is wrong with one leg by itself: hold, accounts, asset, amount, in precedence."""
    legs, accounts, kind = batch.legs, batch.accounts, batch.chains[chain].kind
    debit, credit = legs[leg].debit, legs[leg].credit
    amount, source = legs[leg].amount, legs[leg].source
    if kind == COMMIT and amount > legs[source].held:
        return HOLD_EXCEEDED
    if kind == COMMIT and amount < ALL:
        return AMOUNT_NOT_POSITIVE
    if _is_void_of_source(batch, leg):
        return POSTED
    if accounts[debit].state == ABSENT or accounts[credit].state == ABSENT:
        return ACCOUNT_UNKNOWN
    if accounts[debit].state == CLOSED or accounts[credit].state == CLOSED:
        return ACCOUNT_CLOSED
    if accounts[debit].asset != accounts[credit].asset:
        return ASSET_MISMATCH
    if debit == credit:
        return SAME_ACCOUNT
    if source != NONE:
        return POSTED
    follows = leg > batch.chains[chain].leg_first and legs[leg - 1].spills
    return POSTED if amount > 0 or (amount == 0 and follows) else AMOUNT_NOT_POSITIVE


def _movement(batch: Batch, chain: int) -> int:
    """Move the legs in their order until one does not fit."""
    chains, legs = batch.chains, batch.legs
    kind, first = chains[chain].kind, chains[chain].leg_first
    spilled = take = 0
    for leg in range(first, chains[chain].leg_end):
        chains[chain].tried += 1
        _look(batch, leg)
        if _is_void_of_source(batch, leg):
            continue
        if kind in (COMMIT, VOID):
            _resolve(batch, kind, leg)
            continue
        asked = legs[legs[leg].source].posted if kind == REVERSE else legs[leg].amount
        legs[leg].asked = asked
        if spilled > INT64_MAX - asked:
            verdict = OVERFLOW
        else:
            legs[leg].asked = asked + spilled
            take = _room(batch, leg, asked + spilled)
            spilled = asked + spilled - take
            verdict = _fit(batch, kind, leg, take)
        if verdict != POSTED:
            chains[chain].failed_leg = leg - first
            return verdict
        if kind == HOLD:
            _move(batch, leg, 0, take)
        else:
            _move(batch, leg, take, 0)
    return POSTED


def _is_void_of_source(batch: Batch, leg: int) -> bool:
    """Tell whether a leg continues one that moved nothing: a pool's leg that had no room."""
    source = batch.legs[leg].source
    return source != NONE and batch.legs[source].posted == 0 and batch.legs[source].held == 0


def _look(batch: Batch, leg: int) -> None:
    """Note what a leg's two accounts have before it moves."""
    legs, accounts = batch.legs, batch.accounts
    debit, credit = legs[leg].debit, legs[leg].credit
    legs[leg].debit_balance = accounts[debit].balance
    legs[leg].debit_pending = accounts[debit].pending_out
    legs[leg].credit_balance = accounts[credit].balance
    legs[leg].credit_pending = accounts[credit].pending_in


def _room(batch: Batch, leg: int, asked: int) -> int:
    """Return how much of what is asked a leg takes: all, unless it spills over its cap."""
    if not batch.legs[leg].spills:
        return asked
    used, cap = batch.legs[leg].credit_balance + batch.legs[leg].credit_pending, batch.legs[leg].cap
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
    debit, credit = legs[leg].debit, legs[leg].credit
    available = legs[leg].debit_balance - legs[leg].debit_pending
    used = legs[leg].credit_balance + legs[leg].credit_pending
    if used > INT64_MAX - amount or available < INT64_MIN + amount:
        return OVERFLOW
    if kind == HOLD and (
        accounts[credit].pending_in > INT64_MAX - amount
        or accounts[debit].pending_out > INT64_MAX - amount
    ):
        return OVERFLOW
    if legs[leg].cap != NO_CAP and used + amount > legs[leg].cap:
        return LIMIT_PASSED
    if used + amount > accounts[credit].ceiling:
        return CEILING_PASSED
    if available - amount < accounts[debit].floor:
        return FLOOR_PASSED
    return POSTED


def _resolve(batch: Batch, kind: int, leg: int) -> None:
    """Post what a commit takes of a held leg and release the whole of it; a void posts nothing."""
    legs = batch.legs
    held = legs[legs[leg].source].held
    amount = held if legs[leg].amount == ALL else legs[leg].amount
    if kind == VOID:
        amount = 0
    legs[leg].asked = amount
    _move(batch, leg, amount, -held)


def _move(batch: Batch, leg: int, amount: int, held: int) -> None:
    """Change the balances of a leg's two accounts, and keep the cap a draw carried."""
    legs, accounts = batch.legs, batch.accounts
    debit, credit = legs[leg].debit, legs[leg].credit
    legs[leg].posted = amount
    legs[leg].held = held
    # Pending first: released room is free before the posted amount takes it.
    accounts[debit].pending_out += held
    accounts[credit].pending_in += held
    accounts[debit].balance -= amount
    accounts[credit].balance += amount
    accounts[debit].is_changed = 1
    accounts[credit].is_changed = 1
    legs[leg].cap_before = accounts[credit].cap
    if legs[leg].cap != NO_CAP and amount + held > 0:
        accounts[credit].cap = legs[leg].cap


def _closing(batch: Batch, chain: int) -> int:
    """Close accounts that are empty."""
    accounts, chains = batch.accounts, batch.chains
    for row in range(chains[chain].close_first, chains[chain].close_end):
        account = batch.closes[row]
        pending = accounts[account].pending_in != 0 or accounts[account].pending_out != 0
        if accounts[account].balance != 0 or pending:
            return ACCOUNT_NOT_EMPTY
    for row in range(chains[chain].close_first, chains[chain].close_end):
        accounts[batch.closes[row]].state = CLOSED
        accounts[batch.closes[row]].is_changed = 1
    return POSTED


def _undo(batch: Batch, chain: int) -> None:
    """Take back, last first, everything a chain did before it failed."""
    legs, accounts, opens, chains = batch.legs, batch.accounts, batch.opens, batch.chains
    first = chains[chain].leg_first
    for leg in range(first + chains[chain].tried - 1, first - 1, -1):
        debit, credit = legs[leg].debit, legs[leg].credit
        if legs[leg].posted or legs[leg].held:
            accounts[debit].balance += legs[leg].posted
            accounts[credit].balance -= legs[leg].posted
            accounts[debit].pending_out -= legs[leg].held
            accounts[credit].pending_in -= legs[leg].held
            accounts[credit].cap = legs[leg].cap_before
        legs[leg].posted = 0
        legs[leg].held = 0
    for row in range(chains[chain].open_end - 1, chains[chain].open_first - 1, -1):
        if opens[row].has_opened:
            accounts[opens[row].account].state = ABSENT
            opens[row].has_opened = 0
        if opens[row].has_registered:
            batch.assets[opens[row].code].form = NONE
            opens[row].has_registered = 0
