"""Conclude: the ledger's result completes the verdict, with the limits as they really stood."""

from collections.abc import Sequence
from dataclasses import replace

from qianhai.instructions.model import Known
from qianhai.kernel import Outcome, Reason, format_minor
from qianhai.ledger import Chain, ChainResult, Result
from qianhai.policy import Decision, LimitUse, MissingFact, Policy, Verdict, limit_data

#: What the ledger's refusals mean to a sender: a reason code, and the answer they give.
_REFUSALS: dict[Result, str] = {
    Result.FLOOR_PASSED: "AM04",
    Result.CEILING_PASSED: "AM14",
    Result.ACCOUNT_CLOSED: "AC04",
    Result.ACCOUNT_NOT_EMPTY: "QH07",
    Result.HOLD_RESOLVED: "QH06",
    Result.HOLD_EXPIRED: "QH06",
    Result.HOLD_NOT_FOUND: "QH06",
    Result.ID_CONFLICT: "DUPL",
}

#: Why business cannot be continued, in the words its reason shows.
_WHY: dict[str, dict[str, str]] = {
    "unknown": {"zh": "账上没有该指令", "en": "it is not in the books"},
    "not_permitted": {"zh": "该指令未获准办理", "en": "it was not permitted"},
    "other_action": {"zh": "该指令不可由此操作延续", "en": "this action does not continue it"},
    "other_parties": {"zh": "主体与该指令不同", "en": "its parties are others"},
    "other_facts": {"zh": "所述事实与该指令不同", "en": "facts agreed then are stated otherwise"},
    "earlier_day": {"zh": "起息日早于该指令", "en": "the value date is before its own"},
    "hold_resolved": {"zh": "该预留已了结", "en": "its hold is settled already"},
    "hold_expired": {"zh": "该预留已到期", "en": "its hold has expired"},
    "hold_not_found": {"zh": "该指令没有预留", "en": "it holds nothing"},
}


def conclude(
    row: Known,
    verdict: Verdict,
    chain: Chain | None,
    owners: Sequence[str],
    result: ChainResult,
) -> Verdict:
    """Return the verdict as it ends: limits with their true figures, or the ledger's refusal."""
    if chain is None:
        return verdict
    verdict = _with_true_limits(verdict, chain, owners, result)
    if result.is_posted:
        return verdict
    return replace(verdict, decision=_refused(row, verdict, chain, owners, result))


def _refused(
    row: Known, verdict: Verdict, chain: Chain, owners: Sequence[str], result: ChainResult
) -> Decision:
    """Return the decision of a chain the ledger did not post."""
    owner = owners[result.failed_leg] if result.failed_leg is not None and owners else ""
    clause = row.compiled.action.clause
    if result.result is Result.LIMIT_PASSED:
        name = owner.removeprefix("limit.")
        limit = next(one for one in row.compiled.action.limits if one.id == name)
        draws = [draw for draw in verdict.draws if draw.limit.id == name]
        data = {"limit": name, "zh": limit.zh, "en": limit.en} | limit_data(draws)
        reason = Reason("AM14", limit.clause or clause, data)
        outcome = limit.otherwise
    else:
        code = _REFUSALS.get(result.result, "AC01")
        if owner and not owner.startswith("account.") and code in {"AM04", "AM14"}:
            code = "AM12"  # more is given back or closed than there is: no account lacks money
        data = {
            "account": owner.removeprefix("account.") or ", ".join(chain.closes),
            "of": row.instruction.continues,
            "result": result.result.value,
            **_failed_leg(chain, result),
            **_WHY.get(result.result.value, {}),
        }
        reason, outcome = Reason(code, clause, data), Outcome.REFUSED
    return replace(verdict.decision, outcome=outcome, reasons=(reason,), reports=())


def _failed_leg(chain: Chain, result: ChainResult) -> dict[str, str]:
    """Return the amount and the asset of the leg that did not fit, as its reason shows them."""
    at = result.failed_leg
    assets = {spec.name: spec.asset for spec in chain.opens}
    if at is None or at >= len(chain.legs) or chain.legs[at].debit not in assets:
        return {}
    asset = assets[chain.legs[at].debit]
    return {"amount": format_minor(chain.legs[at].amount, asset.scale), "asset": asset.code}


def _with_true_limits(
    verdict: Verdict, chain: Chain, owners: Sequence[str], result: ChainResult
) -> Verdict:
    """Put in what each pool had used, and was asked, when the ledger decided it."""
    used: dict[str, list[tuple[int, int]]] = {}
    tried = zip(owners, chain.legs, result.asked, result.amounts, result.before, strict=False)
    for owner, leg, asked, taken, (_, before) in tried:
        if owner.startswith("limit.") and leg.cap is not None:
            mine = taken if leg.spills else asked
            used.setdefault(owner.removeprefix("limit."), []).append((before, mine))
    draws = []
    uses = list(verdict.decision.limits)
    for at, draw in enumerate(verdict.draws):
        seen = used.get(draw.limit.id)
        if not seen:
            draws.append(draw)
            continue
        before, asked = seen.pop(0)
        draws.append(replace(draw, used=before))
        uses[at] = _use(uses[at], draw.cap or 0, before, asked, draw.scale)
    decision = replace(verdict.decision, limits=tuple(uses))
    return replace(verdict, draws=tuple(draws), decision=decision)


def _use(use: LimitUse, cap: int, used: int, asked: int, scale: int) -> LimitUse:
    return replace(
        use,
        used=format_minor(used, scale),
        asked=format_minor(asked, scale),
        left=format_minor(max(0, cap - used), scale),
    )


def not_bookable(policy: Policy, row: Known, amount: str) -> Verdict:
    """Return the refusal of an amount no account can hold, or of nothing at all."""
    reason = Reason("AM12", row.compiled.action.clause, {"amount": amount})
    return _undecided(policy, row, Outcome.REFUSED, (reason,))


def unfinished(policy: Policy, row: Known, outcome: Outcome, why: Sequence[str]) -> Verdict:
    """Return the verdict of an instruction that cannot be decided by its conditions.

    `why` names what is missing when incomplete (accounts, or the facility itself), else what is
    wrong with the continued business.
    """
    action = row.compiled.action
    if outcome is Outcome.INCOMPLETE:
        document = "account_register" if row.compiled.facility else ""
        missing = tuple(MissingFact(name, document) for name in dict.fromkeys(why))
        reasons = tuple(
            Reason("QH01", action.clause, {"fact": one.fact, "document": one.document})
            for one in missing
        )
    else:
        data = {"of": row.instruction.continues, "why": why[0], **_WHY[why[0]]}
        reasons, missing = (Reason("QH06", action.clause, data),), ()
    return _undecided(policy, row, outcome, reasons, missing)


def _undecided(
    policy: Policy,
    row: Known,
    outcome: Outcome,
    reasons: tuple[Reason, ...],
    missing: tuple[MissingFact, ...] = (),
) -> Verdict:
    action = row.compiled.action
    decision = Decision(
        facility=row.compiled.facility,
        action=row.compiled.name,
        measure=row.compiled.measure,
        clause=action.clause,
        on=row.standing.on,
        outcome=outcome,
        reasons=reasons,
        conditions=(),
        missing=missing,
        limits=(),
        documents=action.documents,
        reports=(),
        alerts=(),
        pack_version=policy.pack.version,
        pack_hash=policy.pack.hash,
    )
    return Verdict(decision, (), {}, {})
