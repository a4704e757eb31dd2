//! What every ledger must hold.
