"""Who takes part: parties with their papers, collected as the entries of one register file.

Holds one method a kind of entry, and finds a party's account again. Must not decide: what a
qualification permits is nobody's business here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sample_day.numbers import (
    card_number,
    clearing_number,
    enterprise_code,
    entity_identifier,
    resident_number,
)

#: Parties are on record long before the first value date of the sample day.
FOUNDED: Final = "2018-01-02"
#: The nature of a sample account number: bank code, kind of account, serial.
_KIND_DIGIT: Final = {"settlement": 1, "nra": 2, "capital": 3, "own_fx_income": 4, "three_party": 5}
_NO_IDENTIFIERS: Final[Mapping[str, str]] = {}


@dataclass(slots=True)
class Cast:
    """The register of the sample day while it is written."""

    entries: list[dict[str, object]] = field(default_factory=list)
    _parties: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    _accounts: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _serial: int = 0

    def enter(self, kind: str, *, since: str = FOUNDED, until: str = "", **columns: object) -> None:
        """Enter one row; what is left empty is left out."""
        row = {"kind": kind, **columns, "since": since, "until": until}
        self.entries.append({name: value for name, value in row.items() if value not in ("", {})})

    def party(
        self,
        party: str,
        type_: str,
        zh: str,
        en: str,
        *,
        jurisdiction: str = "CN",
        area: str = "",
        since: str = FOUNDED,
        identifiers: Mapping[str, str] = _NO_IDENTIFIERS,
    ) -> str:
        """Enter a party as it stands from a day, and return its id."""
        _, numbers = self._parties.setdefault(party, (en, dict(identifiers)))
        self.enter(
            "party",
            since=since,
            id=party,
            type=type_,
            jurisdiction=jurisdiction,
            area=area,
            name=zh,
            name_en=en,
            identifiers=numbers,
        )
        return party

    def firm(
        self,
        party: str,
        zh: str,
        en: str,
        *,
        area: str = "original",
        funds: Mapping[str, str] = _NO_IDENTIFIERS,
        holds: tuple[str, ...] = (),
    ) -> str:
        """Enter a mainland enterprise with its code, its accounts and what lists it is on.

        `funds` are opening balances of its settlement accounts by currency.
        """
        self._serial += 1
        identifiers = {"uscc": enterprise_code(self._serial)}
        if self._serial % 3 == 0:
            identifiers["lei"] = entity_identifier(self._serial)
        self.party(party, "enterprise", zh, en, area=area, identifiers=identifiers)
        for currency, opening in funds.items():
            self.account(party, currency, opening)
        for name in holds:
            self.qualify(party, name)
        return party

    def overseas(
        self, party: str, zh: str, en: str, *, type_: str = "enterprise", jurisdiction: str = "HK"
    ) -> str:
        """Enter an organisation of Hong Kong or abroad, with its registration and its LEI."""
        self._serial += 1
        identifiers = {"lei": entity_identifier(self._serial)}
        if jurisdiction == "HK":
            identifiers["hk_brn"] = f"{70000000 + self._serial:08d}"
        return self.party(
            party, type_, zh, en, jurisdiction=jurisdiction, area="outside", identifiers=identifiers
        )

    def bank(
        self,
        party: str,
        zh: str,
        en: str,
        bic: str,
        *,
        jurisdiction: str = "CN",
        area: str = "outside",
        holds: tuple[str, ...] = (),
    ) -> str:
        """Enter a bank with its BIC, and on the mainland its number in the payment system."""
        self._serial += 1
        identifiers = {"bic": bic, "lei": entity_identifier(self._serial)}
        if jurisdiction == "CN":
            identifiers["cnaps"] = clearing_number(990, self._serial)
            identifiers["uscc"] = enterprise_code(self._serial)
        self.party(
            party, "bank", zh, en, jurisdiction=jurisdiction, area=area, identifiers=identifiers
        )
        for name in holds:
            self.qualify(party, name)
        return party

    def resident(
        self,
        party: str,
        zh: str,
        en: str,
        born_on: str,
        *,
        area: str = "original",
        permit: str = "",
        cny: str = "",
    ) -> str:
        """Enter a person who lives on the mainland; a residence permit 81, 82 or 83 says whose."""
        self._serial += 1
        region = f"{permit}0000" if permit else "440305"
        jurisdiction = {"": "CN", "81": "HK", "82": "MO", "83": "TW"}[permit]
        identifiers = {"resident_id": resident_number(born_on, self._serial, region)}
        if jurisdiction == "HK":
            identifiers["hkid"] = card_number(self._serial)
        self.party(
            party,
            "person",
            zh,
            en,
            jurisdiction=jurisdiction,
            area=area,
            identifiers=identifiers,
        )
        if cny:
            self.account(party, "CNY", cny)
        return party

    def visitor(self, party: str, zh: str, en: str, *, area: str = "outside", letter: str) -> str:
        """Enter a person of Hong Kong (H) or Macao (M) who travels on a permit."""
        self._serial += 1
        identifiers = {"travel_permit": f"{letter}{10000000 + self._serial:08d}"}
        if letter == "H":
            identifiers["hkid"] = card_number(self._serial)
        jurisdiction = {"H": "HK", "M": "MO"}[letter]
        return self.party(
            party, "person", zh, en, jurisdiction=jurisdiction, area=area, identifiers=identifiers
        )

    def account(
        self,
        party: str,
        currency: str,
        opening: str = "",
        *,
        kind: str = "settlement",
        bank: str = "qianhai_bay_bank",
    ) -> str:
        """Enter an account with what is on it, and return its number."""
        self._serial += 1
        number = f"7559{_KIND_DIGIT[kind]}{self._serial:08d}"
        self.enter(
            "account",
            number=number,
            party=party,
            bank=bank,
            currency=currency,
            account_kind=kind,
            opening_balance=opening,
        )
        self._accounts.setdefault((party, currency, kind), number)
        return number

    def number_of(self, party: str, currency: str, kind: str = "settlement") -> str:
        """Return the number of a party's first account of a kind, or nothing."""
        return self._accounts.get((party, currency, kind), "")

    def name(self, party: str) -> str:
        """Return the English name of a party."""
        return self._parties[party][0]

    def identifiers(self, party: str) -> dict[str, str]:
        """Return the identifiers of a party by their kind."""
        return self._parties[party][1]

    def qualify(self, party: str, name: str, since: str = FOUNDED, until: str = "") -> None:
        """Put a party on a list."""
        self.enter("qualification", party=party, name=name, since=since, until=until)

    def attribute(self, party: str, name: str, value: str, since: str = FOUNDED) -> None:
        """Enter a property that is a word."""
        self.enter("attribute", party=party, name=name, value=value, since=since)

    def worth(
        self, party: str, name: str, amount: str, currency: str = "CNY", since: str = FOUNDED
    ) -> None:
        """Enter a property that is an amount."""
        value = {"amount": amount, "currency": currency}
        self.enter("attribute", party=party, name=name, value=value, since=since)

    def owns(self, owner: str, owned: str, share: str) -> None:
        """Enter a direct holding."""
        self.enter("ownership", owned=owned, owner=owner, share=share)

    def paper(
        self, kind: str, paper: str, *, since: str = FOUNDED, until: str = "", **attributes: object
    ) -> str:
        """Put a paper on file and return its number."""
        self.enter(
            "record", record_kind=kind, id=paper, since=since, until=until, attributes=attributes
        )
        return paper


def worth(amount: str, currency: str) -> dict[str, str]:
    """Return an amount as an attribute of a paper.

    >>> worth("1.00", "CNY")
    {'amount': '1.00', 'currency': 'CNY'}
    """
    return {"amount": amount, "currency": currency}
