//! Blynk's two protocols: golden vectors, journeys in every dialect, and what must hold for any bytes at all.

mod bench;
mod console;
mod inject;
mod streams;
mod vectors;
