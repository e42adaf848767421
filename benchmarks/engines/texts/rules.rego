package plan

import rego.v1

default rent := false

rent if {
	input.rent_enterprise_in_zone
	input.rent_enterprise_is_real_economy
	input.rent_needs_fx
	input.rent_permit_is_valid
	input.rent_permit_holder == input.rent_enterprise_id
	input.rent_lease_kind == "operating"
	not input.rent_lessor_is_overseas
	input.rent_amount_currency != "CNY"
	input.rent_source == "own_income"
	input.rent_own_fx_income >= input.rent_amount_amount
	input.rent_lessor_may_receive_fx
}

default place := false

place if {
	input.place_holder_is_overseas
	input.place_holder_kind != "person"
	input.place_account_kind == "nra"
	input.place_amount_currency == "CNY"
	input.place_bank_kind == "bank"
	input.place_bank_in_zone
	input.place_product in {"time_deposit", "large_certificate"}
	input.place_amount_amount <= input.place_available
	certificate
}

certificate if input.place_product != "large_certificate"

certificate if input.place_amount_amount >= input.place_certificate_minimum

default refund := false

refund if {
	input.refund_trade_kind == "goods"
	reason
	special
	exempt
}

reason if input.refund_is_original_route

reason if input.refund_reason_evidence

special if input.refund_refund_on - input.refund_original_on > 180

special if not input.refund_is_original_route

exempt if {
	input.refund_enterprise_is_eligible
	input.refund_enterprise_in_zone
	usd >= 50000
}

exempt if {
	input.refund_enterprise_class == "A"
	usd <= 50000
}

usd := input.refund_refund_amount if input.refund_refund_currency == "USD"

usd := input.refund_refund_amount / input.refund_usd_rate if input.refund_refund_currency != "USD"

default release := false

release if {
	input.release_scheme_is_on_file
	input.release_scheme_bank == input.release_bank_id
	input.release_factor_in_zone
	input.release_factor_is_factor
	input.release_bank_ordered
	input.release_factor_ordered
	input.release_enterprise_ordered
	input.release_trade_is_genuine
	matches
	not input.release_receivable_is_assigned_elsewhere
}

matches if {
	input.release_scheme_has_tolerance
	input.release_goods_amount - input.release_money_value <= input.release_scheme_tolerance
	input.release_money_value - input.release_goods_amount <= input.release_scheme_tolerance
}

matches if {
	not input.release_scheme_has_tolerance
	input.release_goods_amount == input.release_money_value
}

answers := [rent, place, refund, release]
