"""One sound case a facility, as a reader of the rules writes it: every need holds.

Must not read the pack's examples; test_vectors.py tells what each vector changes.
"""

from collections.abc import Mapping


def money(name: str, amount: str, currency: str = "CNY") -> dict[str, str]:
    return {f"{name}.amount": amount, f"{name}.currency": currency}


def yes(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "true")


def no(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "false")


_REFUND = {
    **yes("enterprise.in_zone", "is_original_route"),
    **no("enterprise.is_eligible", "reason_evidence"),
    **money("refund", "60000.00", "USD"),
    **money("original", "1000000.00", "USD"),
    "enterprise.class": "A",
    "trade_kind": "goods",
    "refund.on": "2023-06-01",
    "original.on": "2022-11-13",
    "original.refunded_before": "0",
}
_REMIT = {
    **yes("person.lives_in_zone", "is_own_document", "is_valid_document", "bank.has_procedure"),
    **money("amount", "100000.00"),
    "direction": "out",
    "usd_rate": "7.1000",
    "used_this_year": "0",
    "fx_used_this_year": "30000.00",
}
_GROUP = {
    **yes("parent.in_zone", "parent.is_leasing", "parent_controls"),
    **no("borrower.in_zone", "borrower.is_outside_scheme", "borrower.has_sub_limit"),
    **money("amount", "50000000.00", "USD"),
    "parent.id": "P",
    "borrower.id": "S",
    "parent.net_assets": "500000000.00",
    "parent_used": "1000000000.00",
    "borrower.net_assets": "1000000.00",
    "own_used": "3500000.00",
    "cny_rate": "7.10",
    "term_days": "1826",
}
#: One case a facility in which every need holds.
SOUND: Mapping[str, Mapping[str, str]] = {
    "overseas_rmb_loan": {
        **yes("bank.in_pilot", "borrower.in_pilot", "borrower.in_zone", "borrower.is_hk_funded"),
        **yes("lender.is_overseas"),
        **money("amount", "0.01"),
        **money("outstanding", "4999999.99"),
        "borrower.size": "small",
        "lender.kind": "bank",
    },
    "qflp_resize": {
        **yes("manager.is_qflp", "manager.in_zone", "documents_allow"),
        **money("manager.quota", "10.00"),
        "manager.id": "M",
        "fund.manager": "M",
        "fund.size": "4.00",
        "fund.paid_in": "1.00",
        "quota_used": "9.00",
        "new_size": "5.00",
        "project.kind": "unlisted_equity",
    },
    "pilot_combination": {
        **yes("applicant.is_eligible", "is_separated"),
        **no("holds_qflp", "holds_qdie", "holds_wfoe"),
        "applicant.id": "A",
        "applies_for": "QDIE",
    },
    "trade_settlement_on_instruction": {
        **yes("client_is_known", "business_is_known", "diligence_is_current", "bank.in_pilot"),
        **yes("enterprise.is_quality", "enterprise.in_pilot", "counterparty.is_overseas"),
        **yes("has_statement", "is_genuine", "is_lawful"),
        **no("enterprise.under_alarm", "enterprise.in_zone"),
        **money("amount", "1.00"),
        "trade_kind": "goods",
        "direction": "payment",
    },
    "special_refund": _REFUND,
    "freight_invoice_payment": {
        **yes("bank.in_pilot", "bank.is_of_shenzhen", "is_domestic_freight", "invoice.is_verified"),
        **money("amount", "57746.47", "USD"),
        **money("invoice", "710000.00"),
        "payer.id": "E",
        "carrier.id": "C",
        "invoice.payer": "E",
        "invoice.payee": "C",
        "invoice.used": "300000.00",
        "invoice_rate": "7.10",
    },
    "personal_rmb_on_id": _REMIT,
    "nra_placement": {
        **yes("holder.is_overseas", "bank.in_zone"),
        **money("amount", "100.00"),
        "holder.kind": "institution",
        "bank.kind": "bank",
        "account_kind": "nra",
        "product": "time_deposit",
        "available": "100.00",
    },
    "rmb_capital_direct_booking": {
        **yes("enterprise.is_eligible", "enterprise.in_zone", "enterprise.in_pilot"),
        **yes("bank.in_pilot", "bank.can_trace"),
        **money("subscribed", "1000.00"),
        **money("amount", "400.00"),
        "enterprise.id": "E",
        "investor.id": "I",
        "registration.investor": "I",
        "registration.enterprise": "E",
        "booked": "600.00",
    },
    "overseas_lending": {
        **yes("lender.in_zone", "is_genuine"),
        **money("lender.equity", "100.00"),
        **money("amount", "80.00"),
        **money("outstanding", "0"),
    },
    "three_party_account_release": {
        **yes("scheme.is_on_file", "factor.in_zone", "factor.is_factor", "trade_is_genuine"),
        **yes("bank_ordered", "factor_ordered", "enterprise_ordered"),
        **no("scheme.has_tolerance", "receivable.is_assigned_elsewhere"),
        **money("goods", "300.00"),
        **money("receivable", "300.00"),
        **money("amount", "200.00"),
        "bank.id": "B",
        "scheme.bank": "B",
        "money_value": "300.00",
        "receivable.released": "100.00",
        "due_to_factor": "150.00",
    },
    "leasing_group_foreign_debt": _GROUP,
    "fx_operating_rent": {
        **yes("enterprise.in_zone", "enterprise.is_real_economy", "lessor.may_receive_fx"),
        **yes("needs_fx", "permit.is_valid"),
        **no("lessor.is_overseas"),
        **money("permit", "500.00", "USD"),
        **money("amount", "120.00", "USD"),
        "enterprise.id": "E",
        "permit.holder": "E",
        "permit.used": "380.00",
        "own_fx_income": "120.00",
        "lease_kind": "operating",
        "source": "own_income",
    },
}
