//! One way to write a moment: RFC 3339, UTC, milliseconds (`2026-11-23T05:57:26.120Z`).

use time::OffsetDateTime;
use time::macros::format_description;

/// `at` in milliseconds since the Unix epoch. Moments that no calendar has are written as the epoch.
pub fn rfc3339(at: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment
        .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"))
        .expect("the pattern names only parts that every moment has")
}

/// This computer's clock, milliseconds since the Unix epoch.
pub fn now() -> i64 {
    (OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn a_moment_is_written_in_utc_with_milliseconds() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_795_413_446_120), "2026-11-23T05:57:26.120Z");
    }
}
