"""Fund managers: sizes inside a quota, projects, and pilot qualifications side by side (41, 42)."""

from sample_day.cast import Cast
from sample_day.day import Day, Desk

_FUNDS = (
    ("tonghe_growth", "同和成长基金", "Tonghe Growth Fund", "tonghe_capital"),
    ("tonghe_secondary", "同和接续基金", "Tonghe Secondary Fund", "tonghe_capital"),
    ("tonghe_credit", "同和信用基金", "Tonghe Credit Fund", "tonghe_capital"),
    ("lighthouse_one", "灯塔一号基金", "Lighthouse One", "lighthouse_partners"),
    ("beiwan_seed", "北湾种子基金", "Beiwan Seed Fund", "beiwan_advisers"),
    ("nanwan_seed", "南湾种子基金", "Nanwan Seed Fund", "nanwan_advisers"),
)


def qflp_resize(day: Day) -> None:
    """Write the resizing: one quota of USD 100 million shared by three funds to the cent."""
    _managers(day.cast)
    desk = Desk(
        day,
        "qflp_resize",
        "M41",
        "day.jsonl",
        {"manager": "tonghe_capital", "documents_allow": "true"},
    )
    _sizes(desk)
    _between_funds(desk)
    _who_may_resize(desk)
    _projects(desk)


def _managers(cast: Cast) -> None:
    """Enter managers with their quota and funds with what is paid in."""
    for manager, zh, en, area in (
        ("tonghe_capital", "同和资本", "Tonghe Capital", "original"),
        ("lighthouse_partners", "灯塔合伙", "Lighthouse Partners", "outside"),
        ("beiwan_advisers", "北湾顾问", "Beiwan Advisers", "expanded"),
        ("nanwan_advisers", "南湾顾问", "Nanwan Advisers", "expanded"),
    ):
        cast.firm(manager, zh, en, area=area)
    for manager in ("tonghe_capital", "lighthouse_partners", "nanwan_advisers"):
        cast.qualify(manager, "qflp", since="2021-06-01")
    cast.worth("tonghe_capital", "qflp_quota", "100000000.00", "USD", since="2021-06-01")
    cast.worth("tonghe_capital", "qflp_quota", "120000000.00", "USD", since="2026-01-01")
    for manager in ("lighthouse_partners", "beiwan_advisers"):
        cast.worth(manager, "qflp_quota", "50000000.00", "USD", since="2021-06-01")
    for fund, zh, en, manager in _FUNDS:
        cast.party(fund, "fund", zh, en, area="original", since="2021-09-01")
        cast.attribute(fund, "manager", manager, since="2021-09-01")
        paid_in = "45000000.00" if fund == "tonghe_secondary" else "1000000.00"
        cast.worth(fund, "paid_in", paid_in, "USD", since="2021-09-01")


def _sizes(desk: Desk) -> None:
    """Set sizes until the quota is full, shrink one, and give the room to another."""
    growth, secondary, credit = ({"fund": fund} for fund, _, _, _ in _FUNDS[:3])
    desk.permitted("first fund", growth, new_size="40000000.00")
    desk.refused("AM14", "a cent over the quota", secondary, new_size="60000000.01")
    desk.permitted("second fund takes the whole rest", secondary, new_size="60000000.00")
    desk.refused("AM14", "no room for a third", credit, new_size="1000000.00")
    desk.refused("RR04", "below what is paid in", secondary, new_size="44999999.99")
    desk.permitted("down to exactly what is paid in", secondary, new_size="45000000.00")
    desk.permitted("the room goes to the third", credit, new_size="15000000.00")
    desk.refused("AM14", "and is used up", growth, new_size="40000000.01")
    desk.permitted("to the size it has: nothing moves", growth, new_size="40000000.00")
    desk.permitted("the quota was raised in 2026", growth, new_size="60000000.00", on="2026-04-01")
    desk.refused("AM14", "in 2025 it was not yet", growth, new_size="60000000.01")
    desk.incomplete("no new size", growth)


def _between_funds(desk: Desk) -> None:
    """Move size from one fund to another without touching the quota."""
    move = {"action": "reallocate", "fund": "tonghe_growth", "other_fund": "tonghe_credit"}
    raised = "2026-04-01"
    desk.permitted("ten million to the credit fund", move, moved="10000000.00", on=raised)
    desk.permitted("down to what is paid in", move, moved="49000000.00", on=raised)
    desk.refused("RR04", "a cent below what is paid in", move, moved="0.01", on=raised)
    turned = {**move, "fund": "tonghe_credit", "other_fund": "tonghe_growth", "moved": "1.00"}
    desk.refused(
        "RR04", "to another manager's fund", turned, other_fund="lighthouse_one", on=raised
    )
    desk.refused("RR04", "investors have not agreed", turned, documents_allow="false", on=raised)
    desk.incomplete("consent of investors not stated", turned, documents_allow=None, on=raised)


def _who_may_resize(desk: Desk) -> None:
    """Let each condition decide once."""
    desk.refused(
        "RR04",
        "manager outside the zone",
        manager="lighthouse_partners",
        fund="lighthouse_one",
        new_size="2000000.00",
    )
    desk.refused("RR04", "not its fund", fund="lighthouse_one", new_size="2000000.00")
    desk.refused(
        "RR04",
        "no QFLP manager",
        manager="beiwan_advisers",
        fund="beiwan_seed",
        new_size="2000000.00",
    )
    desk.incomplete(
        "quota not on record", manager="nanwan_advisers", fund="nanwan_seed", new_size="2000000.00"
    )
    desk.refused(
        "AG01", "before the plan", fund="tonghe_credit", new_size="1000000.00", on="2023-02-22"
    )


def _projects(desk: Desk) -> None:
    """Choose projects inside and outside the scope of 2024."""
    switch = {"action": "switch_project"}
    for kind in ("unlisted_equity", "convertible", "bad_assets", "fund_of_funds"):
        desk.permitted(f"a project of the scope: {kind}", switch, {"project.kind": kind})
    desk.refused("RR04", "a project outside the scope", switch, {"project.kind": "other"})
    desk.permitted(
        "the scope of 2024 holds", switch, {"project.kind": "rights_issue"}, on="2024-06-01"
    )
    desk.incomplete(
        "the scope of 2021 was not read", switch, {"project.kind": "bad_assets"}, on="2023-06-01"
    )
    desk.incomplete("no kind of project", switch)
    desk.permitted(
        "a manager without a quota on record may choose a project",
        switch,
        {"project.kind": "block_trade"},
        manager="nanwan_advisers",
    )


def pilot_combination(day: Day) -> None:
    """Write the applications: the pairs that are opened, and those a person looks at."""
    cast = day.cast
    holders = {
        "fresh": ("qinhai_funds", "琴海基金管理", "Qinhai Funds", ()),
        "qflp": ("haibo_capital", "海泊资本", "Haibo Capital", ("qflp",)),
        "qdie": ("yuanyang_capital", "远洋光资本", "Yuanyang Light Capital", ("qdie",)),
        "wfoe": ("blue_ferry_funds", "蓝渡私募", "Blue Ferry Funds", ("wfoe_pfm",)),
        "two": ("two_lamps_capital", "双灯资本", "Two Lamps Capital", ("qflp", "qdie")),
    }
    for firm, zh, en, holds in holders.values():
        cast.firm(firm, zh, en, holds=("fund_pilot_eligible", *holds))
    cast.firm("dusk_lantern_funds", "暮灯基金", "Dusk Lantern Funds")
    fresh, qflp, qdie, wfoe, two = ({"applicant": firm} for firm, *_ in holders.values())
    desk = Desk(day, "pilot_combination", "M42", "day.csv", {"is_separated": "true"})
    for name in ("QFLP", "QDIE", "WFOE"):
        desk.permitted(f"{name} alone", fresh, applies_for=name)
    desk.permitted("QFLP holder goes to QDIE directly", qflp, applies_for="QDIE")
    desk.permitted("QDIE holder adds QFLP", qdie, applies_for="QFLP")
    desk.permitted("QDIE holder adds WFOE PFM", qdie, applies_for="WFOE")
    desk.permitted("WFOE PFM adds QDIE", wfoe, applies_for="QDIE", on="2024-06-01")
    desk.referred("QFLP beside WFOE PFM", qflp, applies_for="WFOE")
    desk.referred("WFOE PFM beside QFLP", wfoe, applies_for="QFLP")
    desk.referred("all three", two, applies_for="WFOE")
    desk.refused("RR04", "held already", qflp, applies_for="QFLP")
    desk.refused("RR04", "books not kept apart", qflp, applies_for="QDIE", is_separated="false")
    desk.refused(
        "RR04", "not an eligible entity", applicant="dusk_lantern_funds", applies_for="QFLP"
    )
    desk.refused("AG01", "before the plan", fresh, applies_for="QFLP", on="2023-02-22")
    desk.incomplete("nothing applied for", fresh)
    desk.incomplete("separation not stated", fresh, applies_for="QFLP", is_separated=None)
    desk.permitted("QDIE while its measures run", fresh, applies_for="QDIE", on="2026-04-01")
    desk.incomplete("QDIE after its measures ran out", fresh, applies_for="QDIE", on="2026-06-01")
