//! What is recorded: the journal on disk, the folds over it, and how it leaves the house.

mod canaries;
mod events;
mod export;
mod folds;
mod journal;
mod yields;
