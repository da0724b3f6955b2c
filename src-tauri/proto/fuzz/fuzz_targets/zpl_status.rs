#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| proto_fuzz::zpl::status(input));
