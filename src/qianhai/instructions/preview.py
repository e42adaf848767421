"""Preview: what an instruction would come to, with all that was seen on the road to it.

Values only. Nothing of it is on record: the same road, ended by rollback.
"""

from dataclasses import dataclass
from hashlib import sha256

from qianhai.instructions.model import Answer, Known
from qianhai.instructions.recall import letters
from qianhai.kernel import canonical_text
from qianhai.ledger import Chain, ChainResult
from qianhai.policy import Decision


@dataclass(frozen=True, slots=True)
class Preview:
    """A dry answer with the facts it rests on and the legs it would post.

    `known`, `chain` and `result` are None for what is on record already; `chain` also where
    nothing would move.
    """

    answer: Answer
    known: Known | None
    chain: Chain | None
    result: ChainResult | None

    @property
    def decision(self) -> Decision:
        """Return the decision it would be."""
        return self.answer.decision

    @property
    def mark(self) -> str:
        """Return what two answers share that say the same."""
        return answer_mark(self.decision)


def answer_mark(decision: Decision) -> str:
    """Return a digest of what an answer says: outcome, reasons, conditions, what is missing.

    Figures of limits are not in it: they move with every draw of somebody else.
    """
    said = {
        "outcome": decision.outcome.value,
        "reasons": [(one.code, one.clause) for one in decision.reasons],
        "conditions": letters(decision),
        "missing": [one.fact for one in decision.missing],
    }
    return sha256(canonical_text(said).encode()).hexdigest()
