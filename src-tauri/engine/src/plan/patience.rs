//! How long everything may take: one table, with a reason for each.
