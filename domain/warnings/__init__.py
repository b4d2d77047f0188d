"""Why a credential that was made may not open all the same: what is missing at its locks."""
