//! Unix times in the three forms that the protocols use: ISO 8601, HTTP dates and timestamp ids.
//!
//! Calendar arithmetic after Howard Hinnant, *chrono-compatible low-level date algorithms*.

/// Year, month and day of a unix day (1970 and later).
fn civil(day: u64) -> (u64, u64, u64) {
    let shifted = day + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day_of_month)
}

fn put(text: &mut [u8], mut number: u64) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// `2026-11-01T00:00:00.000Z`, as bytes.
pub(crate) fn iso_bytes(unix_ms: u64) -> [u8; 24] {
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let (seconds, millis) = (unix_ms / 1_000, unix_ms % 1_000);
    let (year, month, day) = civil(seconds / 86_400);
    put(&mut text[0..4], year);
    put(&mut text[5..7], month);
    put(&mut text[8..10], day);
    put(&mut text[11..13], seconds / 3_600 % 24);
    put(&mut text[14..16], seconds / 60 % 60);
    put(&mut text[17..19], seconds % 60);
    put(&mut text[20..23], millis);
    text
}

/// `2026-11-01T00:00:00.000Z`.
pub(crate) fn iso(unix_ms: u64) -> String {
    String::from_utf8_lossy(&iso_bytes(unix_ms)).into_owned()
}

/// `Sun, 01 Nov 2026 00:00:00 GMT`.
pub(crate) fn http_date(unix_seconds: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let unix_day = unix_seconds / 86_400;
    let (year, month, day) = civil(unix_day);
    let clock = &iso(unix_seconds * 1_000)[11..19];
    let weekday = DAYS[(unix_day % 7) as usize];
    format!("{weekday}, {day:02} {} {year} {clock} GMT", MONTHS[(month - 1) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_calendar_has_them() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(iso(1_793_491_199_999), "2026-10-31T23:59:59.999Z");
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
