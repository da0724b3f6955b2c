//! Making it happen.
