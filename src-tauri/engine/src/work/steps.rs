//! The eight steps.
