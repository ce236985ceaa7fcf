"""Names of what the fold noticed about an entry; entries, followers and vaults carry them."""

AMOUNT_OUT_UNKNOWN = "amount_out_unknown"
COST_BASIS_PARTIAL = "cost_basis_partial"
INPUT_UNPAID = "input_unpaid"
SELF_TRADE = "self_trade"
TIME_ASSUMED = "time_assumed"
WITHDRAWAL_EXCEEDS_DEPOSIT = "withdrawal_exceeds_deposit"
